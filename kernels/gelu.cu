#include "kernels/gelu.h"

#include <device_intrinsics.h>

#include "kernels/vector_access.h"

namespace oasis::kernels {
namespace {

constexpr int kGeluThreads = 256;
constexpr std::int64_t kElementsPerBlock = 8 * kGeluThreads;

OASIS_DEVICE float gelu_tanh_value(float x) {
  constexpr float kMinusTwoSlopesLog2e = -2.0f * 0.7978845608028654f * 1.4426950408889634f;
  return x / (1.0f + exp2_approx(kMinusTwoSlopesLog2e * (x + 0.044715f * x * x * x)));
}

template <class T, int chunk>
OASIS_KERNEL(kGeluThreads)
void gelu_kernel(const T* in, T* out, std::int64_t count) {
  const std::int64_t first = block_index().x * kElementsPerBlock;
  OASIS_UNROLL for (int item = 0; item < 8 / chunk; ++item) {
    const std::int64_t at = first + (item * kGeluThreads + thread_index()) * chunk;
    if (at + chunk > count) {
      for (std::int64_t i = at; i < count; ++i) {
        out[i] = from_float<T>(gelu_tanh_value(to_float(in[i])));
      }
      return;
    }
    float values[chunk];
    load_floats(in + at, values);
    OASIS_UNROLL for (float& value : values) value = gelu_tanh_value(value);
    store_floats(out + at, values);
  }
}

}  // namespace

void gelu_tanh(Element element, const void* in, void* out, std::int64_t count, Stream stream) {
  const auto blocks = static_cast<int>((count + kElementsPerBlock - 1) / kElementsPerBlock);
  with_element(element, [&](auto type) {
    using T = typename decltype(type)::Type;
    const auto kernel = aligned_16(in) && aligned_16(out) ? gelu_kernel<T, 8> : gelu_kernel<T, 1>;
    launch("gelu", {blocks}, kGeluThreads, 0, stream, kernel, static_cast<const T*>(in),
           static_cast<T*>(out), count);
  });
}

}  // namespace oasis::kernels
