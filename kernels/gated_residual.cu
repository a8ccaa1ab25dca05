#include "kernels/gated_residual.h"

#include <device_intrinsics.h>

#include "kernels/row_norm.h"
#include "kernels/vector_access.h"

namespace oasis::kernels {
namespace {

/// Result type of a kernel that is not followed by a norm.
struct NoNorm {};

/// x += gate * added for one chunk; `sum` is the new x as stored.
template <class T, int chunk>
OASIS_DEVICE void add_gated_chunk(T* x, const float (&added)[chunk], const float* gate,
                                  float (&sum)[chunk]) {
  float gates[chunk];
  if (gate != nullptr) load_floats(gate, gates);
  load_floats(x, sum);
  OASIS_UNROLL for (int i = 0; i < chunk; ++i) {
    sum[i] += gate == nullptr ? added[i] : gates[i] * added[i];
    sum[i] = to_float(from_float<T>(sum[i]));
  }
  store_floats(x, sum);
}

template <class X, class Y, class Normed, int chunk>
OASIS_KERNEL(kMaxRowThreads)
void gated_residual_kernel(X* x, const Y* y, const float* gate, int channels, const float* gain,
                           const float* shift, float eps, Normed* normed) {
  constexpr int kItems = kChannelsPerThread / chunk;
  const std::int64_t row = static_cast<std::int64_t>(block_index().x) * channels;
  float values[kItems][chunk];
  OASIS_UNROLL for (int item = 0; item < kItems; ++item) {
    const int channel = chunk_channel<chunk>(item);
    if (channel >= channels) continue;
    float added[chunk];
    load_floats(y + row + channel, added);
    add_gated_chunk(x + row + channel, added, gate == nullptr ? nullptr : gate + channel,
                    values[item]);
  }
  if constexpr (!std::is_same_v<Normed, NoNorm>) {
    normalise_row(values, channels, gain, shift, eps);
    OASIS_UNROLL for (int item = 0; item < kItems; ++item) {
      const int channel = chunk_channel<chunk>(item);
      if (channel < channels) store_floats(normed + row + channel, values[item]);
    }
  }
}

/// `f(TypeTag<X>, TypeTag<Y>, TypeTag<Normed>)`; a residual stream in 16 bits meets y and norm of
/// its own type only.
template <class F>
void with_residual_types(Element x, Element y, const FollowingNorm* norm, F&& f) {
  if (x != Element::f32 && (y != x || (norm != nullptr && norm->element != x))) {
    throw std::runtime_error("gated_residual: a 16-bit stream takes y and norm of its own type");
  }
  with_element(x, [&](auto x_type) {
    with_element(y, [&](auto y_type) {
      using X = typename decltype(x_type)::Type;
      using Y = typename decltype(y_type)::Type;
      if constexpr (std::is_same_v<X, float> || std::is_same_v<X, Y>) {
        if (norm == nullptr) return f(x_type, y_type, TypeTag<NoNorm>{});
        with_element(norm->element, [&](auto out_type) {
          using Out = typename decltype(out_type)::Type;
          if constexpr (std::is_same_v<X, float> || std::is_same_v<X, Out>) {
            f(x_type, y_type, out_type);
          }
        });
      }
    });
  });
}

}  // namespace

void gated_residual(Element x_element, void* x, Element y_element, const void* y, const float* gate,
                    std::int64_t rows, int channels, const FollowingNorm* norm, Stream stream) {
  const FollowingNorm none{};
  const auto& following = norm == nullptr ? none : *norm;
  const bool by_eight = channels % 8 == 0 && aligned_16(x) && aligned_16(y) && aligned_16(gate) &&
                        aligned_16(following.gain) && aligned_16(following.shift) &&
                        aligned_16(following.out);
  with_residual_types(x_element, y_element, norm, [&](auto x_type, auto y_type, auto out_type) {
    using X = typename decltype(x_type)::Type;
    using Y = typename decltype(y_type)::Type;
    using Normed = typename decltype(out_type)::Type;
    launch(
        "gated_residual", {static_cast<int>(rows)}, row_threads(channels), kRowNormSharedBytes,
        stream,
        by_eight ? gated_residual_kernel<X, Y, Normed, 8> : gated_residual_kernel<X, Y, Normed, 1>,
        static_cast<X*>(x), static_cast<const Y*>(y), gate, channels, following.gain,
        following.shift, following.eps, static_cast<Normed*>(following.out));
  });
}

}  // namespace oasis::kernels
