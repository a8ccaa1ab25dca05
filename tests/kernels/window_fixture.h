#pragma once

#include <device_intrinsics.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/window_attention.h"

/// Inputs for the window kernels, laid out as the model does, and a brute-force double reference.
namespace oasis::kernels::window_test {

struct Case {
  int frames, rows, cols;
  int batch = 1;
  int heads = 2;
  int head_dim = 64;
  Element element = Element::bf16;
  float spread = 1.0F;  ///< standard deviation of q and k
  int window_frames = 3, window_rows = 5, window_cols = 5;
  int heads_before = 1;  ///< heads of the packed buffers that are not the kernel's
  int heads_after = 1;
  int shift = 0;  ///< elements by which rows miss a 16-byte boundary

  int tokens() const { return frames * rows * cols; }
  int total_heads() const { return heads_before + heads + heads_after; }
};

inline std::string describe(const Case& c) {
  return "grid " + std::to_string(c.frames) + "x" + std::to_string(c.rows) + "x" +
         std::to_string(c.cols) + ", batch " + std::to_string(c.batch) + ", heads " +
         std::to_string(c.heads) + ", dim " + std::to_string(c.head_dim) +
         (c.element == Element::bf16  ? ", bf16"
          : c.element == Element::f16 ? ", fp16"
                                      : ", fp32");
}

/// Largest relative error of one rounding.
inline double unit(Element element) {
  if (element == Element::f32) return std::ldexp(1.0, -24);
  return element == Element::f16 ? std::ldexp(1.0, -11) : std::ldexp(1.0, -8);
}

/// `[batch, tokens, parts, total heads, dim]` in one heap block of exactly that size; whatever is
/// no row of the case's own heads is NaN.
class Buffer {
 public:
  Buffer(const Case& c, int parts) : case_(c), parts_(parts) {
    token_stride_ = static_cast<std::int64_t>(parts) * c.total_heads() * c.head_dim;
    const auto count = static_cast<std::size_t>(c.batch * c.tokens() * token_stride_ + c.shift);
    bytes_.resize(count * size());
    for (std::size_t i = 0; i < count; ++i) write(i, std::numeric_limits<float>::quiet_NaN());
    original_ = bytes_;
  }

  TokenView view(int part) const {
    return {bytes_.data() + first(part) * size(), case_.tokens() * token_stride_, token_stride_,
            case_.head_dim};
  }
  MutableTokenView mutable_view(int part) {
    return {bytes_.data() + first(part) * size(), case_.tokens() * token_stride_, token_stride_,
            case_.head_dim};
  }

  /// Rounds `values`, [batch, heads, tokens, dim], into the part's rows and back into `values`.
  void set(int part, std::vector<double>& values) {
    each(part, [&](std::size_t mine, std::size_t theirs) {
      write(theirs, static_cast<float>(values[mine]));
      values[mine] = read(theirs);
    });
  }
  std::vector<double> get(int part) const {
    std::vector<double> values(static_cast<std::size_t>(case_.batch) * case_.heads *
                               case_.tokens() * case_.head_dim);
    each(part, [&](std::size_t mine, std::size_t theirs) { values[mine] = read(theirs); });
    return values;
  }
  /// Whether everything but the rows of the case's heads is as it was.
  bool rest_untouched() const {
    auto copy = bytes_;
    for (int part = 0; part < parts_; ++part) {
      each(part, [&](std::size_t, std::size_t at) {
        std::memcpy(copy.data() + at * size(), original_.data() + at * size(), size());
      });
    }
    return copy == original_;
  }
  const std::vector<unsigned char>& bytes() const { return bytes_; }

 private:
  std::size_t size() const { return case_.element == Element::f32 ? 4 : 2; }
  std::size_t first(int part) const {
    return static_cast<std::size_t>(
        case_.shift + (part * case_.total_heads() + case_.heads_before) * case_.head_dim);
  }
  void each(int part, const std::function<void(std::size_t, std::size_t)>& f) const {
    std::size_t mine = 0;
    for (int b = 0; b < case_.batch; ++b) {
      for (int h = 0; h < case_.heads; ++h) {
        for (int n = 0; n < case_.tokens(); ++n) {
          const auto row =
              first(part) +
              static_cast<std::size_t>((std::int64_t{b} * case_.tokens() + n) * token_stride_ +
                                       h * case_.head_dim);
          for (int d = 0; d < case_.head_dim; ++d) f(mine++, row + static_cast<std::size_t>(d));
        }
      }
    }
  }
  template <class T>
  void put(std::size_t i, float value) {
    const T rounded = from_float<T>(value);
    std::memcpy(bytes_.data() + i * sizeof rounded, &rounded, sizeof rounded);
  }
  template <class T>
  double take(std::size_t i) const {
    T value;
    std::memcpy(static_cast<void*>(&value), bytes_.data() + i * sizeof value, sizeof value);
    return to_float(value);
  }
  void write(std::size_t i, float value) {
    with_element(case_.element, [&](auto type) { put<typename decltype(type)::Type>(i, value); });
  }
  double read(std::size_t i) const {
    double value = 0;
    with_element(case_.element, [&](auto type) { value = take<typename decltype(type)::Type>(i); });
    return value;
  }

  Case case_;
  int parts_;
  std::int64_t token_stride_ = 0;
  std::vector<unsigned char> bytes_, original_;
};

/// Exact values, [batch, heads, tokens, dim] (lse and delta without dim), and for each how far a
/// kernel may be off that rounds weights and results once to the element type.
struct Exact {
  std::vector<double> o, lse, dq, dk, dv;
  std::vector<double> o_bound, dq_bound, dk_bound, dv_bound;
};

struct Inputs {
  std::vector<double> q, k, v, d_o;
};

inline std::vector<double> normal_values(const Case& c, double spread, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(0.0, spread);
  std::vector<double> values(static_cast<std::size_t>(c.batch) * c.heads * c.tokens() * c.head_dim);
  for (auto& value : values) value = normal(generator);
  return values;
}

inline float scale_of(const Case& c) { return 1.0F / std::sqrt(static_cast<float>(c.head_dim)); }

/// `weight_unit`: relative rounding error of the weights within the kernel (0: they stay fp32).
/// `o` is used for delta as the kernel would: rounded to the element type.
Exact exact(const Case& c, const Inputs& in, double weight_unit);

/// Everything that one case's calls need.
class Trial {
 public:
  explicit Trial(const Case& c);
  Trial(const Case& c, Inputs in);

  const Case& test_case() const { return case_; }
  const Inputs& inputs() const { return in_; }

  /// On a device of so many multiprocessors, 0 unknown.
  void forward(WindowPath path, int multiprocessors = 0);
  void forward_rolling(int segment);
  /// With o and lse of `exact`, so that errors of the forward do not enter.
  void backward(WindowPath path, const Exact& reference);

  void expect_forward(const Exact& reference) const;
  void expect_backward(const Exact& reference) const;
  std::vector<double> output() const { return results_->get(0); }
  std::vector<double> gradient(int part) const { return gradients_->get(part); }  ///< q, k, v
  /// All bytes written, for comparisons of runs.
  std::vector<unsigned char> bytes() const;

 private:
  WindowProblem problem() const;
  WindowForward forward_call();

  Case case_;
  Inputs in_;
  std::unique_ptr<Buffer> packed_;   ///< q, k, v as of one linear layer
  std::unique_ptr<Buffer> d_o_;      ///< [d_o, o]
  std::unique_ptr<Buffer> results_;  ///< o
  std::unique_ptr<Buffer> gradients_;
  std::vector<float> lse_, delta_;
};

}  // namespace oasis::kernels::window_test
