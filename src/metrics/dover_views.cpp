#include "oasis/metrics/dover_views.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "oasis/core/error.h"

namespace oasis::metrics {
namespace {

constexpr std::array<double, 3> kMean = {123.675, 116.28, 103.53};
constexpr std::array<double, 3> kStd = {58.395, 57.12, 57.375};

void require_video(const at::Tensor& video) {
  if (video.dim() == 4 && video.size(0) == 3 && video.scalar_type() == at::kByte) return;
  throw Error(fmt::format("DOVER's views need an 8-bit video [3, T, H, W], not [{}]",
                          fmt::join(video.sizes(), ", ")));
}

// Frames smaller than the spliced picture are enlarged; others are returned as they are.
at::Tensor enlarge_if_small(const at::Tensor& video, const DoverFragments& grid) {
  const auto height = static_cast<double>(video.size(2));
  const auto width = static_cast<double>(video.size(3));
  const double ratio = std::min(height / static_cast<double>(grid.rows * grid.height),
                                width / static_cast<double>(grid.cols * grid.width));
  if (ratio >= 1) return video;
  const double scale = 1 / ratio;
  const at::Tensor enlarged = at::upsample_bilinear2d(
      video.to(at::kFloat) / 255.0,
      {static_cast<std::int64_t>(height * scale), static_cast<std::int64_t>(width * scale)},
      /*align_corners=*/false, scale, scale);
  return (enlarged * 255.0).to(at::kByte);
}

// The free pixels of a grid cell beside its patch, and 0 if there are none.
std::int64_t free_pixels(std::int64_t size, std::int64_t cells, std::int64_t patch) {
  return std::max<std::int64_t>(size / cells - patch, 0);
}

at::Tensor draw(std::int64_t range, at::IntArrayRef shape, at::Generator& generator) {
  const auto options = at::TensorOptions(at::kLong);
  return range > 0 ? at::randint(range, shape, generator, options) : at::zeros(shape, options);
}

void require_fit(const at::Tensor& video, const DoverFragments& grid,
                 const FragmentOffsets& offsets) {
  const std::int64_t frames = video.size(1);
  if (frames < 1 || (frames > 1 && frames % grid.aligned != 0)) {
    throw Error(fmt::format("DOVER's fragments: {} frames are not whole groups of {}", frames,
                            grid.aligned));
  }
  if (video.size(2) < grid.height || video.size(3) < grid.width) {
    throw Error(fmt::format("DOVER's fragments need frames of at least {}x{} pixels, not {}x{}",
                            grid.width, grid.height, video.size(3), video.size(2)));
  }
  const std::vector<std::int64_t> shape = {grid.rows, grid.cols, grid.groups(frames)};
  if (offsets.down.sizes() != shape || offsets.across.sizes() != shape) {
    throw Error(fmt::format("DOVER's fragments need offsets of [{}], not [{}] and [{}]",
                            fmt::join(shape, ", "), fmt::join(offsets.down.sizes(), ", "),
                            fmt::join(offsets.across.sizes(), ", ")));
  }
}

}  // namespace

at::Tensor dover_resize(const at::Tensor& video, std::int64_t height, std::int64_t width,
                        bool antialias) {
  require_video(video);
  if (video.size(2) == height && video.size(3) == width) return video;
  std::vector<at::Tensor> frames;
  for (std::int64_t t = 0; t < video.size(1); ++t) {
    const at::Tensor frame = video.select(1, t).unsqueeze(0).to(at::kFloat).contiguous();
    const at::Tensor resized = antialias
                                   ? at::_upsample_bilinear2d_aa(frame, {height, width}, false)
                                   : at::upsample_bilinear2d(frame, {height, width}, false);
    frames.push_back(resized.squeeze(0).round().to(at::kByte));
  }
  return at::stack(frames, 1);
}

std::int64_t DoverFragments::groups(std::int64_t num_frames) const {
  return num_frames == 1 ? 1 : num_frames / aligned;
}

FragmentOffsets draw_fragment_offsets(const DoverFragments& grid, std::int64_t num_frames,
                                      std::int64_t height, std::int64_t width,
                                      at::Generator& generator) {
  const std::vector<std::int64_t> shape = {grid.rows, grid.cols, grid.groups(num_frames)};
  FragmentOffsets offsets;
  offsets.down = draw(free_pixels(height, grid.rows, grid.height), shape, generator);
  offsets.across = draw(free_pixels(width, grid.cols, grid.width), shape, generator);
  return offsets;
}

FragmentOffsets centre_fragment_offsets(const DoverFragments& grid, std::int64_t num_frames,
                                        std::int64_t height, std::int64_t width) {
  const std::vector<std::int64_t> shape = {grid.rows, grid.cols, grid.groups(num_frames)};
  return {at::full(shape, free_pixels(height, grid.rows, grid.height) / 2, at::kLong),
          at::full(shape, free_pixels(width, grid.cols, grid.width) / 2, at::kLong)};
}

at::Tensor dover_fragments(const at::Tensor& video, const DoverFragments& grid,
                           const FragmentOffsets& offsets) {
  require_video(video);
  require_fit(video, grid, offsets);
  const std::int64_t frames = video.size(1);
  const std::int64_t group = frames == 1 ? 1 : grid.aligned;
  const at::Tensor source = enlarge_if_small(video, grid);
  const at::Tensor down = offsets.down.contiguous();
  const at::Tensor across = offsets.across.contiguous();
  const auto* down_data = down.const_data_ptr<std::int64_t>();
  const auto* across_data = across.const_data_ptr<std::int64_t>();
  at::Tensor spliced =
      at::empty({3, frames, grid.rows * grid.height, grid.cols * grid.width}, at::kByte);
  for (std::int64_t i = 0; i < grid.rows; ++i) {
    for (std::int64_t j = 0; j < grid.cols; ++j) {
      for (std::int64_t first = 0; first < frames; first += group) {
        const std::int64_t y = std::min(video.size(2) / grid.rows * i, video.size(2) - grid.height);
        const std::int64_t x = std::min(video.size(3) / grid.cols * j, video.size(3) - grid.width);
        spliced.narrow(1, first, group)
            .narrow(2, i * grid.height, grid.height)
            .narrow(3, j * grid.width, grid.width)
            .copy_(source.narrow(1, first, group)
                       .narrow(2, y + *down_data++, grid.height)
                       .narrow(3, x + *across_data++, grid.width));
      }
    }
  }
  return spliced;
}

at::Tensor dover_normalise(const at::Tensor& video) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(video.dim()), 1);
  shape[0] = 3;
  const auto options = video.options().dtype(at::kFloat);
  return (video.to(at::kFloat) - at::tensor(at::ArrayRef<double>(kMean), options).view(shape)) /
         at::tensor(at::ArrayRef<double>(kStd), options).view(shape);
}

}  // namespace oasis::metrics
