#include "oasis/losses/picture_loss.h"

#include <ATen/Functions.h>

namespace oasis::losses {
namespace {

at::Tensor mean_gradient(const at::Tensor& difference) {
  const auto step = [&difference](std::int64_t axis) {
    const std::int64_t size = difference.size(axis);
    if (size < 2) return difference.sum() * 0.0;
    return (difference.narrow(axis, 1, size - 1) - difference.narrow(axis, 0, size - 1))
        .abs()
        .mean();
  };
  return step(-1) + step(-2);
}

/// The mean square of each clip `[B, ...]`: `[B]`.
at::Tensor clip_error(const at::Tensor& difference) {
  return (difference * difference).flatten(1).mean(1);
}

/// `[B, 3, ...]` -> `[B, ...]`, by BT.601's weights.
at::Tensor luma_of(const at::Tensor& difference) {
  return 0.299 * difference.select(1, 0) + 0.587 * difference.select(1, 1) +
         0.114 * difference.select(1, 2);
}

}  // namespace

at::Tensor mean_squared_error(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor difference = a - b;
  return (difference * difference).mean();
}

at::Tensor charbonnier(const at::Tensor& a, const at::Tensor& b, double epsilon) {
  const at::Tensor difference = a - b;
  return (difference * difference + epsilon * epsilon).sqrt().mean();
}

at::Tensor psnr_loss(const at::Tensor& pred, const at::Tensor& reference, double epsilon,
                     double luma) {
  const at::Tensor difference = pred - reference;
  at::Tensor error = clip_error(difference);
  if (luma > 0) error = (1 - luma) * error + luma * clip_error(luma_of(difference));
  return (error + epsilon).log().mean();
}

at::Tensor gradient_loss(const at::Tensor& pred, const at::Tensor& reference, int scales) {
  // Frames as a batch: [B * T, 3, H, W]. Gradients are linear, so the difference is enough.
  at::Tensor difference = (pred - reference).transpose(1, 2).flatten(0, 1);
  at::Tensor total = mean_gradient(difference);
  int levels = 1;
  while (levels < scales && difference.size(-1) >= 4 && difference.size(-2) >= 4) {
    difference = at::avg_pool2d(difference, {2, 2}, {2, 2});
    total = total + mean_gradient(difference);
    ++levels;
  }
  return total / static_cast<double>(levels);
}

}  // namespace oasis::losses
