#include "metrics/frame_planes.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <type_traits>

#include "degrade/cpu_clones.h"
#include "oasis/core/error.h"

namespace oasis::metrics {
namespace {

// Weights of R, G, B in [0, 1] and an offset, for a result in [0, 1].
struct LumaWeights {
  std::array<double, 3> rgb;
  double offset;
};

LumaWeights luma_weights(ScoreChannels channels) {
  if (channels == ScoreChannels::y_bt601) {
    return {{65.481 / 255.0, 128.553 / 255.0, 24.966 / 255.0}, 16.0 / 255.0};
  }
  if (channels == ScoreChannels::dove_y) return {{0.257, 0.504, 0.098}, 0.0625};
  return {{0.299, 0.587, 0.114}, 0.0};
}

// A code value as a part of 255, rounded to nearest like the division but without one: the first
// factor is so short that its product is exact, the second is what it lacks.
constexpr float unit_value(std::uint8_t code) {
  return static_cast<float>(code) * 0x1.01p-8F + static_cast<float>(code) * 0x1.010102p-24F;
}
constexpr float unit_value(float value) { return value; }

constexpr bool unit_values_are_exact() {
  for (int code = 0; code < 256; ++code) {
    if (unit_value(static_cast<std::uint8_t>(code)) != static_cast<float>(code) / 255.0F) {
      return false;
    }
  }
  return true;
}
static_assert(unit_values_are_exact());

// `scale`: code values per unit of the input.
#define OASIS_LUMA_ROW(T)                                                                          \
  OASIS_CLONES_EXACT void luma_row(const T* r, const T* g, const T* b, std::int64_t count,         \
                                   const LumaWeights& weights, double scale, double* out) {        \
    const double wr = weights.rgb[0] * scale;                                                      \
    const double wg = weights.rgb[1] * scale;                                                      \
    const double wb = weights.rgb[2] * scale;                                                      \
    const double offset = weights.offset * 255.0;                                                  \
    for (std::int64_t x = 0; x < count; ++x) out[x] = wr * r[x] + wg * g[x] + wb * b[x] + offset;  \
  }                                                                                                \
  OASIS_CLONES_EXACT void rounded_luma_row(const T* r, const T* g, const T* b, std::int64_t count, \
                                           const LumaWeights& weights, float* __restrict out) {    \
    const float wr = static_cast<float>(weights.rgb[0]);                                           \
    const float wg = static_cast<float>(weights.rgb[1]);                                           \
    const float wb = static_cast<float>(weights.rgb[2]);                                           \
    const float offset = static_cast<float>(weights.offset);                                       \
    for (std::int64_t x = 0; x < count; ++x) {                                                     \
      const float y =                                                                              \
          wr * unit_value(r[x]) + wg * unit_value(g[x]) + wb * unit_value(b[x]) + offset;          \
      out[x] = std::nearbyint(255.0F * y);                                                         \
    }                                                                                              \
  }
OASIS_LUMA_ROW(std::uint8_t)
OASIS_LUMA_ROW(float)
#undef OASIS_LUMA_ROW

}  // namespace

FramePlanes::FramePlanes(const at::Tensor& frame, ScoreChannels channels, std::int64_t crop_border)
    : frame_(frame.contiguous()),
      channels_(channels),
      crop_(crop_border),
      rows_(frame.size(1) - 2 * crop_border),
      cols_(frame.size(2) - 2 * crop_border),
      bytes_(frame.scalar_type() == at::kByte) {
  if (crop_ < 0 || rows_ < 1 || cols_ < 1) {
    throw Error(ExitCode::usage,
                fmt::format("a border of {} pixels cannot be cut from {}x{}; choose a smaller one",
                            crop_, frame.size(2), frame.size(1)));
  }
}

template <typename T>
const T* FramePlanes::at_row(std::int64_t channel, std::int64_t row) const {
  const std::int64_t height = frame_.size(1);
  const std::int64_t width = frame_.size(2);
  return frame_.const_data_ptr<T>() + (channel * height + row + crop_) * width + crop_;
}

const std::uint8_t* FramePlanes::bytes(int plane, std::int64_t row) const {
  if (!bytes_ || channels_ != ScoreChannels::rgb) return nullptr;
  return at_row<std::uint8_t>(plane, row);
}

void FramePlanes::read(int plane, std::int64_t row, double* out) const {
  const auto convert = [&](auto zero, double scale) {
    using T = decltype(zero);
    if (channels_ == ScoreChannels::rgb) {
      const T* values = at_row<T>(plane, row);
      for (std::int64_t x = 0; x < cols_; ++x) out[x] = scale * values[x];
    } else {
      luma_row(at_row<T>(0, row), at_row<T>(1, row), at_row<T>(2, row), cols_,
               luma_weights(channels_), scale, out);
    }
  };
  bytes_ ? convert(std::uint8_t{}, 1.0) : convert(float{}, 255.0);
}

void FramePlanes::read_rounded(int plane, std::int64_t row, float* out) const {
  const auto convert = [&](auto zero) {
    using T = decltype(zero);
    if (channels_ != ScoreChannels::rgb) {
      rounded_luma_row(at_row<T>(0, row), at_row<T>(1, row), at_row<T>(2, row), cols_,
                       luma_weights(channels_), out);
      return;
    }
    const T* values = at_row<T>(plane, row);
    for (std::int64_t x = 0; x < cols_; ++x) {
      out[x] = std::is_same_v<T, float> ? std::nearbyint(255.0F * static_cast<float>(values[x]))
                                        : static_cast<float>(values[x]);
    }
  };
  bytes_ ? convert(std::uint8_t{}) : convert(float{});
}

void require_pair(const at::Tensor& pred, const at::Tensor& reference, const char* what) {
  const auto supported = [](const at::Tensor& frames) {
    return frames.dim() == 4 && frames.size(1) == 3 && frames.device().is_cpu() &&
           (frames.scalar_type() == at::kByte || frames.scalar_type() == at::kFloat);
  };
  if (!supported(pred) || !supported(reference) || pred.sizes() != reference.sizes()) {
    throw Error(
        ExitCode::failed,
        fmt::format("{} needs two clips [F, 3, H, W] of one size, 8 bit or float32, on the CPU; "
                    "not [{}] and [{}]",
                    what, fmt::join(pred.sizes(), ", "), fmt::join(reference.sizes(), ", ")));
  }
}

}  // namespace oasis::metrics
