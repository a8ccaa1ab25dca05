#pragma once

#include <cstdint>
#include <vector>

#include "oasis/infer/blend.h"

namespace oasis::infer {

/// A size in pixels, of the source (LQ) unless said otherwise.
struct Size {
  std::int64_t width = 0;
  std::int64_t height = 0;

  bool operator==(const Size&) const = default;
};

/// How a padded frame is cut into equal tiles. Tile (r, c) covers `rows[r]` x `cols[c]`.
struct TilePlan {
  Size frame;              ///< the frame's own size
  Size padded;             ///< the size given to the tiles: multiples of `size_step`
  std::vector<Span> rows;  ///< of the padded frame
  std::vector<Span> cols;

  std::int64_t count() const { return static_cast<std::int64_t>(rows.size() * cols.size()); }
  bool operator==(const TilePlan&) const = default;
};

/// Smallest multiple of `step` that is at least `size` and at least `min_size`.
std::int64_t padded_size(std::int64_t size, std::int64_t step, std::int64_t min_size);

/// Equal spans of `tile` positions, starting at multiples of `step`, that cover `length` with at
/// least `overlap` positions shared between neighbours; spread evenly. One span if `tile` is at
/// least `length`. `length` and `tile` are multiples of `step`.
std::vector<Span> plan_axis(std::int64_t length, std::int64_t tile, std::int64_t overlap,
                            std::int64_t step);

/// Plans tiles of at most `tile` pixels (0 in a direction: the whole frame) that overlap by
/// `overlap`, reduced to half a tile if it is more. Tiles are rounded down to the model's steps,
/// but never below the smallest size it takes.
TilePlan plan_tiles(Size frame, Size tile, std::int64_t overlap, std::int64_t size_step,
                    std::int64_t min_size);

}  // namespace oasis::infer
