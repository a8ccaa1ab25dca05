#pragma once

#include <chrono>
#include <vector>

#include "oasis/degrade/frames.h"
#include "oasis/degrade/options.h"
#include "oasis/degrade/plan.h"

namespace oasis::degrade {

/// What the operators of one clip share.
struct ClipContext {
  const DegradationOptions& options;
  const RandomSource& source;
  cv::Size target;                         ///< of the LQ frames
  std::vector<double>* seconds = nullptr;  ///< of each operator, added up; may be left out
};

/// Calls `work` and adds the time it took to that of operator `instance`.
template <typename Work>
auto timed(const ClipContext& context, std::size_t instance, const Work& work) {
  if (context.seconds == nullptr) return work();
  const auto start = std::chrono::steady_clock::now();
  const auto result = work();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  (*context.seconds)[instance] += passed.count();
  return result;
}

/// Runs the operators `first` to `last` (places in `plan.order`), none of which is a video codec,
/// on all frames. Frame by frame, so that a frame stays in the processor's caches; the result is
/// that of operator by operator.
void run_frame_operators(const ClipContext& context, const Plan& plan, std::size_t first,
                         std::size_t last, Frames& frames);

/// The clip after a video codec; all frames have the size of the first.
Frames run_video(const ClipContext& context, const VideoPlan& video, const Frames& frames);

}  // namespace oasis::degrade
