#include "kernels/modulated_norm.h"

#include <device_intrinsics.h>

#include "kernels/row_norm.h"
#include "kernels/vector_access.h"

namespace oasis::kernels {
namespace {

template <class In, class Out, int chunk>
OASIS_KERNEL(kMaxRowThreads)
void modulated_norm_kernel(const In* x, std::int64_t stride, int channels, const float* gain,
                           const float* shift, float eps, Out* out) {
  constexpr int kItems = kChannelsPerThread / chunk;
  const std::int64_t row = block_index().x;
  float values[kItems][chunk];
  OASIS_UNROLL for (int item = 0; item < kItems; ++item) {
    const int channel = chunk_channel<chunk>(item);
    if (channel < channels) load_floats(x + row * stride + channel, values[item]);
  }
  normalise_row(values, channels, gain, shift, eps);
  OASIS_UNROLL for (int item = 0; item < kItems; ++item) {
    const int channel = chunk_channel<chunk>(item);
    if (channel < channels) store_floats(out + row * channels + channel, values[item]);
  }
}

}  // namespace

void modulated_norm(const NormRows& x, std::int64_t rows, int channels, const float* gain,
                    const float* shift, float eps, Element out_element, void* out, Stream stream) {
  const bool by_eight = channels % 8 == 0 && x.stride % 8 == 0 && aligned_16(x.data) &&
                        aligned_16(out) && aligned_16(gain) && aligned_16(shift);
  with_element(x.element, [&](auto in_type) {
    with_element(out_element, [&](auto out_type) {
      using In = typename decltype(in_type)::Type;
      using Out = typename decltype(out_type)::Type;
      launch("modulated_norm", {static_cast<int>(rows)}, row_threads(channels), kRowNormSharedBytes,
             stream,
             by_eight ? modulated_norm_kernel<In, Out, 8> : modulated_norm_kernel<In, Out, 1>,
             static_cast<const In*>(x.data), x.stride, channels, gain, shift, eps,
             static_cast<Out*>(out));
    });
  });
}

}  // namespace oasis::kernels
