#include "oasis/metrics/delta_e.h"

#include <ATen/Functions.h>

#include "metrics/frame_planes.h"

namespace oasis::metrics {
namespace {

at::Tensor block_means(const at::Tensor& picture, std::int64_t block) {
  const bool bytes = picture.scalar_type() == at::kByte;
  const at::Tensor values = picture.to(at::kFloat).unsqueeze(0);
  const at::Tensor means = at::avg_pool2d(values, {block, block}, {block, block}, {0, 0},
                                          /*ceil_mode=*/true, /*count_include_pad=*/false)[0];
  return bytes ? means / 255.0 : means;
}

// The cube root with CIE's straight piece near black.
at::Tensor lightness(const at::Tensor& t) {
  constexpr double delta = 6.0 / 29.0;
  return at::where(t > delta * delta * delta, t.clamp_min(0).pow(1.0 / 3.0),
                   t / (3 * delta * delta) + 4.0 / 29.0);
}

}  // namespace

at::Tensor lab_of(const at::Tensor& picture) {
  const at::Tensor rgb = picture.to(at::kDouble);
  const at::Tensor linear =
      at::where(rgb <= 0.04045, rgb / 12.92, ((rgb.clamp_min(0) + 0.055) / 1.055).pow(2.4));
  const at::Tensor r = linear[0];
  const at::Tensor g = linear[1];
  const at::Tensor b = linear[2];
  // The primaries of BT.709 and D65 in six digits, each row divided by its sum: white is (1, 1, 1).
  const at::Tensor x = lightness((0.412453 * r + 0.357580 * g + 0.180423 * b) / 0.950456);
  const at::Tensor y = lightness(0.212671 * r + 0.715160 * g + 0.072169 * b);
  const at::Tensor z = lightness((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.088754);
  return at::stack({116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)});
}

at::Tensor delta_e(const at::Tensor& a, const at::Tensor& b, std::int64_t block) {
  require_pair(a.unsqueeze(0), b.unsqueeze(0), "delta E");
  const at::Tensor difference = lab_of(block_means(a, block)) - lab_of(block_means(b, block));
  return difference.square().sum({0}).sqrt();
}

}  // namespace oasis::metrics
