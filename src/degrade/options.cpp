#include "oasis/degrade/options.h"

#include <fmt/format.h>

#include <numbers>

#include "oasis/core/error.h"

namespace oasis::degrade {
namespace {

BlurOptions second_blur() {
  BlurOptions blur;
  blur.sigma_x = blur.sigma_y = {0.2, 1.5, 0.02};
  return blur;
}

BlurOptions final_sinc() {
  BlurOptions blur;
  blur.types = {{BlurType::sinc}, {1}};
  blur.omega = {1.0472, 3.1416, 0.0628};
  blur.omega_auto = false;
  return blur;
}

ResizeOptions second_resize() {
  ResizeOptions resize;
  resize.modes.probabilities = {0.3, 0.4, 0.3};
  resize.scale = {0.3, 1.2, 0.03};
  return resize;
}

NoiseOptions second_noise() {
  NoiseOptions noise;
  noise.sigma = {1, 25, 0.1};
  noise.poisson_scale = {0.05, 2.5, 0.005};
  return noise;
}

ResizeOptions final_resize() {
  ResizeOptions resize;
  resize.to_target = true;
  return resize;
}

}  // namespace

Walk BlurOptions::omega_for(std::int64_t kernel_size) const {
  if (!omega_auto) return omega;
  const double pi = std::numbers::pi;
  return {kernel_size < 13 ? pi / 3 : pi / 5, pi, omega.step};
}

DegradationOptions stage_options(int stage) {
  if (stage != 1 && stage != 2) {
    throw Error(ExitCode::usage,
                fmt::format("degradation: there is no stage {}; choose 1 or 2", stage));
  }
  DegradationOptions options;
  if (stage == 2) options.temporal = {0.05, 1.0, false};
  options.operators = {{"blur1", 1, BlurOptions{}},     {"resize1", 1, ResizeOptions{}},
                       {"noise1", 1, NoiseOptions{}},   {"jpeg1", 1, JpegOptions{}},
                       {"video1", 1, VideoOptions{}},   {"blur2", 0.8, second_blur()},
                       {"resize2", 1, second_resize()}, {"noise2", 1, second_noise()},
                       {"jpeg2", 1, JpegOptions{}},     {"video2", 1, VideoOptions{}},
                       {"resize3", 1, final_resize()},  {"blur3", 0.8, final_sinc()}};
  for (std::size_t i = 0; i < 9; ++i) options.steps.push_back({{i}});
  options.steps.push_back({{9}, {10, 11}});
  return options;
}

}  // namespace oasis::degrade
