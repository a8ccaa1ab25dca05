#pragma once

#include "oasis/degrade/frames.h"
#include "oasis/degrade/options.h"
#include "oasis/degrade/plan.h"

namespace oasis::degrade {

/// A clip and its degraded partner.
struct DegradedClip {
  Frames hq;  ///< what the model should give: the input itself, or sharpened (CV_32FC3) with `usm`
  Frames lq;  ///< CV_8UC3, HQ size / scale
};

/// Makes low-quality clips from high-quality ones: blur, resize, noise, JPEG and video compression
/// in two rounds and a final group (RealBasicVSR's model in the two temporal modes of OASIS;
/// `degradations.md`). The result is a function of the options, the sample's key and the input
/// alone: any worker gives the same, in any order.
///
/// A pipeline is not changed by running it and may be used by any number of threads at once. A clip
/// is worked on by the calling thread only: the first pipeline switches OpenCV's own threads off
/// for the whole process (`cv::setNumThreads(1)`). To use more cores, degrade more clips at a time.
class Pipeline {
 public:
  /// Throws `Error` (usage) if nothing brings the clip to its target size or FFmpeg lacks an
  /// encoder that may be drawn.
  explicit Pipeline(DegradationOptions options);

  const DegradationOptions& options() const { return options_; }

  /// Draws what will be done to a clip of so many frames.
  Plan plan(const SampleKey& sample, int frames) const {
    return draw_plan(options_, sample, frames);
  }

  /// Degrades a clip as planned. `hq`: frames of one size, multiples of the scale, CV_8UC3 or
  /// CV_32FC3 on the scale 0..255, as many as the plan has. `seconds`, if given, becomes what each
  /// operator took, in the order of `plan.operators`. Throws `Error`.
  DegradedClip run(const Frames& hq, const Plan& plan,
                   std::vector<double>* seconds = nullptr) const;

  /// Draws and degrades.
  DegradedClip run(const Frames& hq, const SampleKey& sample) const {
    return run(hq, plan(sample, static_cast<int>(hq.size())));
  }

 private:
  DegradationOptions options_;
};

}  // namespace oasis::degrade
