#include "oasis/infer/bicubic_model.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <fmt/format.h>

#include "oasis/core/error.h"

namespace oasis::infer {

at::Tensor BicubicModel::upscale(const at::Tensor& lq) {
  if (lq.dim() != 5 || lq.size(1) != 3) {
    throw Error("bicubic: a clip must be [B, 3, F, h, w]");
  }
  const auto height = lq.size(3);
  const auto width = lq.size(4);
  at::Tensor result =
      at::empty({lq.size(0), 3, lq.size(2), 4 * height, 4 * width}, lq.options().device(device_));
  // Frame by frame: the work is then shared out in the same way whatever the length of the clip.
  for (std::int64_t frame = 0; frame < lq.size(2); ++frame) {
    result.select(2, frame).copy_(
        at::upsample_bicubic2d(lq.select(2, frame).to(device_).contiguous(),
                               {4 * height, 4 * width}, /*align_corners=*/false));
  }
  return result;
}

model::ClipRules BicubicModel::rules() const {
  model::ClipRules rules;
  rules.per_pixel_local = true;
  return rules;
}

std::int64_t BicubicModel::peak_bytes(std::int64_t frames, std::int64_t height,
                                      std::int64_t width) const {
  constexpr std::int64_t floats_per_pixel = 3 * (1 + 16);
  // The result, and one frame of source and result.
  return floats_per_pixel * 4 * height * width * (frames + 1);
}

std::string BicubicModel::description() const { return "bicubic interpolation (no model)"; }

}  // namespace oasis::infer
