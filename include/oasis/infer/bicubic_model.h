#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "oasis/model/clip_model.h"

namespace oasis::infer {

/// The baseline: plain bicubic interpolation by 4 of each frame by itself, a = -0.75, samples at
/// pixel centres, edges repeated, no antialiasing (`torch.nn.functional.interpolate`, mode
/// "bicubic", align_corners false). Overshoots are not clamped.
class BicubicModel : public model::ClipModel {
 public:
  explicit BicubicModel(at::Device device = at::kCPU) : device_(device) {}

  at::Tensor upscale(const at::Tensor& lq) override;
  model::ClipRules rules() const override;
  std::int64_t peak_bytes(std::int64_t frames, std::int64_t height,
                          std::int64_t width) const override;
  std::string description() const override;

 private:
  at::Device device_;
};

}  // namespace oasis::infer
