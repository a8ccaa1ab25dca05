#pragma once

#include <atomic>
#include <memory>

#include "oasis/data/clip_index.h"
#include "oasis/data/sample_source.h"
#include "oasis/degrade/pipeline.h"

namespace oasis::data {

/// How training crops are cut (degradations.md section 5).
struct CropOptions {
  int frames = 17;      ///< of a sample
  int width = 640;      ///< HQ pixels, a multiple of 4 (16 for Wan-size models)
  int height = 320;     ///< HQ pixels
  double margin = 1.5;  ///< the degraded block's sides over the crop's: hides effects of its border
  int extra_frames = 10;     ///< degraded beyond the sample's: hides how video codecs begin
  bool flip = true;          ///< half of the samples mirrored left to right
  bool turn = false;         ///< half mirrored top to bottom; if square, half transposed
  double shrink = 0;         ///< share of the videos' samples seen at half the size: finer texture
  bool still_motion = true;  ///< photos are panned and zoomed like a moving camera, not held still
};

/// Samples cut from videos and photos and degraded on the fly. A sample's clip, place,
/// orientation and degradation depend on (seed, stage, uid) alone.
class VideoSource : public SampleSource {
 public:
  struct Options {
    CropOptions crop;
    std::uint64_t seed = 0;
    int stage = 1;  ///< 1 or 2: sets the two stages' draws apart
  };

  /// Without a pipeline LQ is antialiased bicubic / 4, rounded to 8 bits. Throws `oasis::Error`
  /// (usage) if the index is empty.
  VideoSource(ClipIndex index, const Options& options,
              std::shared_ptr<const degrade::Pipeline> pipeline);

  TrainingSample sample(std::uint64_t uid) const override;
  std::size_t epoch_size() const override { return index_.clips.size(); }
  std::size_t damaged() const override { return damaged_; }

 private:
  TrainingSample cut_from(const Clip& clip, std::uint64_t uid) const;

  ClipIndex index_;
  Options options_;
  std::shared_ptr<const degrade::Pipeline> pipeline_;
  mutable std::atomic<std::size_t> damaged_ = 0;
};

}  // namespace oasis::data
