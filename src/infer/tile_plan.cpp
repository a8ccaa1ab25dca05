#include "oasis/infer/tile_plan.h"

#include <algorithm>

namespace oasis::infer {

std::int64_t padded_size(std::int64_t size, std::int64_t step, std::int64_t min_size) {
  return (std::max(size, min_size) + step - 1) / step * step;
}

std::vector<Span> plan_axis(std::int64_t length, std::int64_t tile, std::int64_t overlap,
                            std::int64_t step) {
  if (tile >= length) return {{0, length}};
  // In units of `step`, so that every start is a multiple of it.
  const std::int64_t units = length / step;
  const std::int64_t tile_units = tile / step;
  const std::int64_t shared = std::min((overlap + step - 1) / step, tile_units / 2);
  const std::int64_t stride = std::max<std::int64_t>(1, tile_units - shared);
  const std::int64_t gaps = (units - tile_units + stride - 1) / stride;
  std::vector<Span> spans;
  for (std::int64_t i = 0; i <= gaps; ++i) {
    spans.push_back({(units - tile_units) * i / gaps * step, tile});
  }
  return spans;
}

TilePlan plan_tiles(Size frame, Size tile, std::int64_t overlap, std::int64_t size_step,
                    std::int64_t min_size) {
  TilePlan plan;
  plan.frame = frame;
  plan.padded = {padded_size(frame.width, size_step, min_size),
                 padded_size(frame.height, size_step, min_size)};
  const std::int64_t smallest = padded_size(1, size_step, min_size);
  const auto fit = [&](std::int64_t wanted, std::int64_t side, std::int64_t whole) {
    if (wanted <= 0 || wanted >= side) return whole;
    return std::min(whole, std::max(smallest, wanted / size_step * size_step));
  };
  const Size fitted{fit(tile.width, frame.width, plan.padded.width),
                    fit(tile.height, frame.height, plan.padded.height)};
  plan.rows = plan_axis(plan.padded.height, fitted.height, overlap, size_step);
  plan.cols = plan_axis(plan.padded.width, fitted.width, overlap, size_step);
  return plan;
}

}  // namespace oasis::infer
