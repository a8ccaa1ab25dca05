#include "oasis/infer/output_size.h"

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "oasis/core/error.h"

namespace oasis::infer {
namespace {

constexpr std::int64_t kLargestSide = 32768;

std::int64_t nearest_even(double side) {
  return std::max<std::int64_t>(2, 2 * std::llround(std::min(side, 1e9) / 2));
}

std::int64_t require_even(std::int64_t side, const char* option) {
  if (side < 2 || side % 2 != 0) {
    throw Error(ExitCode::usage, fmt::format("{}: {} is not a positive even number; video with "
                                             "4:2:0 colour has even sides",
                                             option, side));
  }
  return side;
}

Size requested_size(Size source, const SizeRequest& request) {
  const auto width = static_cast<double>(source.width);
  const auto height = static_cast<double>(source.height);
  if (request.scale) {
    const double scale = *request.scale;
    if (!std::isfinite(scale) || scale <= 0) {
      throw Error(ExitCode::usage, "--scale: must be above 0");
    }
    return {nearest_even(scale * width), nearest_even(scale * height)};
  }
  if (request.size) {
    return {require_even(request.size->width, "--size"),
            require_even(request.size->height, "--size")};
  }
  if (request.short_side) {
    const auto side = static_cast<double>(require_even(*request.short_side, "--short-side"));
    if (width <= height) return {*request.short_side, nearest_even(side * height / width)};
    return {nearest_even(side * width / height), *request.short_side};
  }
  return {4 * source.width, 4 * source.height};
}

}  // namespace

Size output_size(Size source, const SizeRequest& request) {
  if (request.scale.has_value() + request.size.has_value() + request.short_side.has_value() > 1) {
    throw Error(ExitCode::usage, "--scale, --size and --short-side exclude one another");
  }
  const Size size = requested_size(source, request);
  if (std::max(size.width, size.height) > kLargestSide) {
    throw Error(ExitCode::usage,
                fmt::format("the result would be {}x{}, more than {} pixels a side: choose a "
                            "smaller one with --scale, --size or --short-side",
                            size.width, size.height, kLargestSide));
  }
  return size;
}

at::Tensor resize_frames(const at::Tensor& frames, Size size) {
  if (frames.size(3) == size.width && frames.size(2) == size.height) return frames;
  return at::_upsample_bicubic2d_aa(frames, {size.height, size.width}, /*align_corners=*/false);
}

}  // namespace oasis::infer
