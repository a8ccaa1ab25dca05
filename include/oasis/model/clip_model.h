#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace oasis::model {

/// What the driver must respect when it cuts a video into clips for a model.
struct ClipRules {
  std::int64_t frame_step = 1;  ///< clips have `frame_step * n + 1` frames; 1: any number
  std::int64_t size_step = 1;   ///< LQ width and height must be multiples of this
  std::int64_t min_size = 1;    ///< smallest LQ width and height
  bool per_pixel_local =
      false;  ///< each frame by itself, no context beyond: needs no tiles or overlap
};

/// Seconds that a model spent in each stage since it was loaded.
struct StageTimes {
  double project = 0;
  double dit = 0;
  double decode = 0;
};

/// A x4 upscaler of clips.
class ClipModel {
 public:
  virtual ~ClipModel() = default;

  /// lq `[B, 3, F, h, w]`, RGB in [-1, 1], float32 on any device -> `[B, 3, F, 4h, 4w]`, float32 on
  /// the model's device, not clamped. Throws `oasis::Error` if `rules()` are broken.
  virtual at::Tensor upscale(const at::Tensor& lq) = 0;

  virtual ClipRules rules() const = 0;

  /// Upper estimate of the bytes that `upscale` holds at its fullest for one clip of `frames`
  /// frames of `width` x `height`, its result included, without weights and without the clip
  /// itself.
  virtual std::int64_t peak_bytes(std::int64_t frames, std::int64_t height,
                                  std::int64_t width) const = 0;

  /// All zero for a model without such stages.
  virtual StageTimes times() const { return {}; }

  /// For people: "bicubic" or the model folder's name with its state of training.
  virtual std::string description() const = 0;
};

}  // namespace oasis::model
