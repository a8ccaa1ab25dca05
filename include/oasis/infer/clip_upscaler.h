#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "oasis/infer/tile_plan.h"
#include "oasis/model/clip_model.h"

namespace oasis::infer {

struct TileSettings {
  Size tile;                       ///< in source pixels; 0 in both: chosen automatically
  std::int64_t overlap = 16;       ///< between tiles, in source pixels
  std::int64_t memory_budget = 0;  ///< bytes for the automatic choice; 0: no limit
};

/// Gives clips to a model by the model's rules: pads sizes and lengths by repeating edge pixels and
/// last frames and removes the padding again, cuts frames into blended tiles. When the model runs
/// out of memory, tiles are halved and the clip is tried again.
class ClipUpscaler {
 public:
  ClipUpscaler(model::ClipModel& model, const TileSettings& settings);

  /// frames `[3, F, h, w]`, float32 on the CPU, black 0 and white 1, given to the model with the
  /// last frame repeated up to `padded` frames -> `[3, F, 4h, 4w]` on the CPU, not clamped. Throws
  /// `oasis::Error` (out_of_memory) if not even the smallest tiles fit.
  at::Tensor upscale(const at::Tensor& frames, std::int64_t padded);

  /// Tiles per frame of the last clip.
  std::int64_t tiles() const { return tiles_; }

 private:
  at::Tensor upscale_tiles(const at::Tensor& clip, const TilePlan& plan);

  model::ClipModel& model_;
  TileSettings settings_;
  Size largest_;  ///< tile that has not run out of memory yet; 0: not limited
  std::int64_t tiles_ = 0;
};

}  // namespace oasis::infer
