#pragma once

#include <cstdint>

#include "oasis/infer/tile_plan.h"

namespace oasis::infer {

/// Bytes that a model is taken to need per source pixel and frame of a clip while it works: an
/// upper estimate for decoders that keep some frames at full size, with the result (192 bytes).
inline constexpr std::int64_t kBytesPerPixelFrame = 2048;

/// Tiles are not made smaller than this many source pixels a side without being asked to.
inline constexpr std::int64_t kSmallestAutomaticTile = 64;

/// Memory of the host that can be had without swapping, in bytes (MemAvailable); 0 if not known.
std::int64_t available_memory();

/// The most memory this process has held so far, in bytes (VmHWM); 0 if not known.
std::int64_t peak_memory();

/// The next smaller tile: half of the longer side. Returns `tile` itself when both sides are at
/// most `kSmallestAutomaticTile`.
Size halve_tile(Size tile);

/// The largest tile, from the whole frame down by halving, whose clip of `frames` frames fits into
/// `budget` bytes by the estimate above; the smallest one if none does. `budget` 0: the whole
/// frame.
Size choose_tile(Size frame, std::int64_t frames, std::int64_t budget);

}  // namespace oasis::infer
