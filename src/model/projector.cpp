#include "oasis/model/projector.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "oasis/core/error.h"
#include "oasis/nn/initialise.h"

namespace oasis::model {
namespace {

constexpr std::int64_t kFramesPerLatent = 4;
constexpr std::int64_t kUpscale = 4;

std::int64_t unshuffle_factor(ProjectorMode mode) {
  return mode == ProjectorMode::native_2x ? 2 : 8;
}

std::int64_t input_channels(ProjectorMode mode) {
  const auto factor = unshuffle_factor(mode);
  return 3 * kFramesPerLatent * factor * factor;
}

void check(const at::Tensor& video) {
  const bool fits = video.dim() == 5 && video.numel() > 0 && video.size(1) == 3 &&
                    video.size(2) % kFramesPerLatent == 1 && video.size(3) % 4 == 0 &&
                    video.size(4) % 4 == 0;
  if (!fits) {
    throw Error(
        fmt::format("the projector takes [B, 3, 4n+1, h, w] with h and w multiples of 4, "
                    "not [{}]",
                    fmt::join(video.sizes(), ", ")));
  }
}

/// Frames x4 by bicubic interpolation: `[B, 3, T, h, w]` -> `[B, 3, T, 4h, 4w]`, not clamped.
at::Tensor enlarge(const at::Tensor& video) {
  const auto height = video.size(3), width = video.size(4);
  const auto large =
      at::upsample_bicubic2d(video.flatten(1, 2), {kUpscale * height, kUpscale * width}, false);
  return large.unflatten(1, {video.size(1), video.size(2)});
}

}  // namespace

std::string to_string(ProjectorMode mode) {
  return mode == ProjectorMode::native_2x ? "native_2x" : "upsampled_8x";
}

ProjectorMode projector_mode_from(const std::string& name) {
  for (const auto mode : {ProjectorMode::native_2x, ProjectorMode::upsampled_8x}) {
    if (name == to_string(mode)) return mode;
  }
  throw Error(ExitCode::usage,
              fmt::format("projector mode '{}' is neither native_2x nor upsampled_8x", name));
}

Projector::Projector(ProjectorMode mode, std::int64_t latent_channels,
                     const at::TensorOptions& options)
    : mode_(mode),
      proj_(register_module("proj", nn::Linear(input_channels(mode), latent_channels, options))) {}

at::Tensor Projector::unshuffle(const at::Tensor& video) const {
  check(video);
  const auto wide = mode_ == ProjectorMode::upsampled_8x ? enlarge(video) : video;
  const auto first = wide.narrow(2, 0, 1);
  const auto frames = at::cat({first, first, first, wide}, 2);
  const auto r = unshuffle_factor(mode_);
  return frames
      .reshape({frames.size(0), 3, frames.size(2) / kFramesPerLatent, kFramesPerLatent,
                frames.size(3) / r, r, frames.size(4) / r, r})
      .permute({0, 2, 4, 6, 1, 3, 5, 7})
      .flatten(4);
}

at::Tensor Projector::forward(const at::Tensor& video) const {
  const auto dtype = proj_->weight.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const auto inputs = unshuffle(video.to(proj_->weight.device(), dtype));
  return proj_->forward(inputs).permute({0, 4, 1, 2, 3}).contiguous();
}

void Projector::reset_parameters(std::uint64_t seed) {
  auto generator = nn::make_generator(seed);
  proj_->reset_parameters(generator);
}

}  // namespace oasis::model
