#pragma once

#include <cstdint>

#include "oasis/infer/tile_plan.h"
#include "oasis/model/clip_model.h"

namespace oasis::infer {

/// Tiles are not made smaller than this many source pixels a side without being asked to.
inline constexpr std::int64_t kSmallestAutomaticTile = 64;

/// Memory of the host that can be had without swapping, in bytes (MemAvailable); 0 if not known.
std::int64_t available_memory();

/// The most memory this process has held so far, in bytes (VmHWM); 0 if not known.
std::int64_t peak_memory();

/// The next smaller tile: half of the longer side. Returns `tile` itself when both sides are at
/// most `kSmallestAutomaticTile`.
Size halve_tile(Size tile);

/// Upper estimate of the bytes held while a clip of `frames` frames of size `frame` is upscaled in
/// tiles: the clip, the model's own need for one tile (`ClipModel::peak_bytes`) and, with several
/// tiles, their blended sum. Weights and the queues between the stages are not counted.
std::int64_t clip_bytes(const model::ClipModel& model, Size frame, Size tile, std::int64_t frames);

/// The largest tile, from the whole frame down by halving, with which `clip_bytes` is at most
/// `budget`; the smallest one if none is. `budget` 0: the whole frame.
Size choose_tile(const model::ClipModel& model, Size frame, std::int64_t frames,
                 std::int64_t budget);

}  // namespace oasis::infer
