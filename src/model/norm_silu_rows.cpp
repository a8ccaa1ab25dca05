#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <torch/types.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "model/cpu_clones.h"
#include "model/vae_layers.h"

namespace oasis::model {
namespace {

constexpr std::int64_t lanes = 16;

/// e^x by 2^n * p(f), relative error below 2e-7 for x in [-87, 87]; clamped outside.
inline float fast_exp(float x) {
  const float clamped = std::min(std::max(x, -87.0F), 87.0F);
  constexpr float round_magic = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
  const float shifted = clamped * 1.44269504F + round_magic;
  const float n = shifted - round_magic;
  const float f = clamped - n * 0.693359375F + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * f + 1.3981999507e-3F;
  p = p * f + 8.3334519073e-3F;
  p = p * f + 4.1665795894e-2F;
  p = p * f + 1.6666665459e-1F;
  p = p * f + 5.0000001201e-1F;
  const float value = p * f * f + f + 1.0F;
  const auto bits = (static_cast<std::int32_t>(n) + 127) << 23;
  return value * std::bit_cast<float>(bits);
}

OASIS_CPU_CLONES float sum_of_squares(const float* x, std::int64_t n) {
  float partial[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (std::int64_t j = 0; j < lanes; ++j) partial[j] += x[i + j] * x[i + j];
  }
  float sum = 0.0F;
  for (; i < n; ++i) sum += x[i] * x[i];
  for (float value : partial) sum += value;
  return sum;
}

OASIS_CPU_CLONES void scale_silu(const float* x, const float* gamma, float scale, float* out,
                                 std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float y = x[i] * scale * gamma[i];
    out[i] = y / (1.0F + fast_exp(-y));
  }
}

OASIS_CPU_CLONES void widen(const std::uint16_t* x, float* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = widened(x[i]);
}

OASIS_CPU_CLONES void narrow(const float* x, std::uint16_t* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = narrowed(x[i]);
}

void run_row(const float* x, const float* gamma, float root, float* out, std::int64_t n) {
  const float norm = std::max(std::sqrt(sum_of_squares(x, n)), 1e-12F);
  scale_silu(x, gamma, root / norm, out, n);
}

}  // namespace

void norm_silu_rows(const at::Tensor& gamma, const void* x, void* out, std::int64_t rows,
                    c10::ScalarType type) {
  RECORD_FUNCTION("oasis::norm_silu_rows", std::vector<c10::IValue>());
  const std::int64_t n = gamma.numel();
  const at::Tensor wide = gamma.reshape({n}).to(at::kFloat).contiguous();
  const float* g = wide.const_data_ptr<float>();
  const float root = std::sqrt(static_cast<float>(n));
  at::parallel_for(0, rows, std::max<std::int64_t>(1, 32768 / n),
                   [&](std::int64_t a, std::int64_t b) {
                     if (type == at::kFloat) {
                       const auto* from = static_cast<const float*>(x);
                       auto* to = static_cast<float*>(out);
                       for (std::int64_t r = a; r < b; ++r)
                         run_row(from + r * n, g, root, to + r * n, n);
                       return;
                     }
                     std::vector<float> row(static_cast<std::size_t>(n));
                     const auto* from = static_cast<const std::uint16_t*>(x);
                     auto* to = static_cast<std::uint16_t*>(out);
                     for (std::int64_t r = a; r < b; ++r) {
                       widen(from + r * n, row.data(), n);
                       run_row(row.data(), g, root, row.data(), n);
                       narrow(row.data(), to + r * n, n);
                     }
                   });
}

}  // namespace oasis::model
