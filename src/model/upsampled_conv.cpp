#include "model/upsampled_conv.h"

#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <torch/types.h>

#include <algorithm>
#include <cstring>

namespace oasis::model {
namespace {

/// `[a, u, i]`: tap i of 3 falls on pixel u of the two small pixels that the even (a = 0) or odd
/// (a = 1) large pixel sees.
at::Tensor tap_sums() {
  return torch::tensor({1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1}, torch::kFloat).view({2, 2, 3});
}

/// `[O, C, 3, 3]` -> `[4 * O, C, 2, 2]`, output channel (2 * a + b) * O + o for the large pixel in
/// row 2y + a and column 2x + b.
at::Tensor phase_weights(const at::Tensor& weight) {
  const at::Tensor sums = tap_sums();
  return at::einsum("aui,bvj,ocij->abocuv", {sums, sums, weight.to(at::kFloat)})
      .reshape({4 * weight.size(0), weight.size(1), 2, 2})
      .to(weight.scalar_type());
}

/// phases `[N, 4 * O, H + 1, W + 1]` -> `[N, O, 2H, 2W]`, both channels_last: the large pixel
/// (2y + a, 2x + b) lies in phase (a, b) at (y + a, x + b).
at::Tensor interleaved(const at::Tensor& phases) {
  RECORD_FUNCTION("oasis::interleave_phases", std::vector<c10::IValue>());
  const std::int64_t count = phases.size(0), channels = phases.size(1) / 4;
  const std::int64_t rows = 2 * (phases.size(2) - 1), columns = 2 * (phases.size(3) - 1);
  at::Tensor out = at::empty({count, channels, rows, columns},
                             phases.options().memory_format(at::MemoryFormat::ChannelsLast));
  const auto bytes = static_cast<std::size_t>(channels * phases.element_size());
  const auto* from = static_cast<const char*>(phases.const_data_ptr());
  auto* to = static_cast<char*>(out.mutable_data_ptr());
  const auto row_of_pixels = [&](std::int64_t line) {
    const std::int64_t frame = line / rows, y = line % rows, a = y % 2;
    const std::int64_t first = (frame * phases.size(2) + y / 2 + a) * phases.size(3);
    char* pixel = to + static_cast<std::size_t>(line * columns) * bytes;
    for (std::int64_t x = 0; x < columns; ++x, pixel += bytes) {
      const std::int64_t b = x % 2, at = (first + x / 2 + b) * 4 + 2 * a + b;
      std::memcpy(pixel, from + static_cast<std::size_t>(at) * bytes, bytes);
    }
  };
  const std::int64_t grain = std::max<std::int64_t>(1, 32768 / (columns * channels));
  at::parallel_for(0, count * rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t line = begin; line < end; ++line) row_of_pixels(line);
  });
  return out;
}

}  // namespace

at::Tensor upsampled_conv(const at::Tensor& frames, const at::Tensor& weight,
                          const at::Tensor& bias) {
  const at::Tensor enlarged = at::upsample_nearest2d(
      frames.contiguous(at::MemoryFormat::ChannelsLast), {2 * frames.size(2), 2 * frames.size(3)});
  return at::conv2d(enlarged, weight, bias, at::IntArrayRef({1, 1}), at::IntArrayRef({1, 1}));
}

at::Tensor upsampled_conv_folded(const at::Tensor& frames, const at::Tensor& weight,
                                 const at::Tensor& bias) {
  const at::Tensor phases =
      at::conv2d(frames.contiguous(at::MemoryFormat::ChannelsLast), phase_weights(weight),
                 bias.repeat({4}), at::IntArrayRef({1, 1}), at::IntArrayRef({1, 1}));
  return interleaved(phases.contiguous(at::MemoryFormat::ChannelsLast));
}

}  // namespace oasis::model
