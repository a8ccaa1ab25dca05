#include "oasis/degrade/pipeline.h"

#include <fmt/format.h>

#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/core/utility.hpp>
#include <utility>

#include "degrade/frame_operators.h"
#include "degrade/operator_names.h"
#include "oasis/core/error.h"
#include "oasis/media/codec_roundtrip.h"

namespace oasis::degrade {
namespace {

void use_one_thread_per_clip() {
  static std::once_flag once;
  std::call_once(once, [] { cv::setNumThreads(1); });
}

void check_target(const DegradationOptions& options) {
  for (const OperatorOptions& of : options.operators) {
    const auto* resize = std::get_if<ResizeOptions>(&of.kind);
    if (resize != nullptr && resize->to_target) return;
  }
  throw Error(ExitCode::usage,
              "degradation.pipeline: nothing brings the clip to its target size; add 'op: "
              "resize_to_target'");
}

void check_encoders(const DegradationOptions& options) {
  for (const OperatorOptions& of : options.operators) {
    const auto* video = std::get_if<VideoOptions>(&of.kind);
    if (video == nullptr) continue;
    for (std::size_t i = 0; i < video->codecs.values.size(); ++i) {
      const std::string& encoder = word_of(codec_words(), video->codecs.values[i]);
      if (video->codecs.probabilities[i] == 0 || media::has_encoder(encoder)) continue;
      throw Error(ExitCode::usage,
                  fmt::format("degradation.pipeline: this FFmpeg has no encoder {}; install one "
                              "that has, or leave it out of 'codec'",
                              encoder));
    }
  }
}

void check_clip(const Frames& hq, const Plan& plan, std::int64_t scale) {
  if (static_cast<int>(hq.size()) != plan.frames) {
    throw Error(fmt::format("degradation: {} frames, the plan has {}", hq.size(), plan.frames));
  }
  for (const cv::Mat& frame : hq) {
    const bool fits = frame.size() == hq.front().size() && !frame.empty() &&
                      frame.rows % scale == 0 && frame.cols % scale == 0;
    if (!fits || (frame.type() != CV_8UC3 && frame.type() != CV_32FC3)) {
      throw Error(
          fmt::format("degradation: a frame of {}x{}; all must be RGB of one size, "
                      "multiples of {}",
                      frame.cols, frame.rows, scale));
    }
  }
}

const VideoPlan* video_at(const Plan& plan, std::size_t place) {
  return std::get_if<VideoPlan>(&plan.operators[plan.order[place]].drawn);
}

}  // namespace

Pipeline::Pipeline(DegradationOptions options) : options_(std::move(options)) {
  check_target(options_);
  check_encoders(options_);
  use_one_thread_per_clip();
}

DegradedClip Pipeline::run(const Frames& hq, const Plan& plan, std::vector<double>* seconds) const {
  check_clip(hq, plan, options_.scale);
  DegradedClip clip;
  clip.hq = hq;
  if (options_.usm.enabled) {
    for (cv::Mat& frame : clip.hq) frame = sharpen(frame, options_.usm);
  }
  const auto scale = static_cast<int>(options_.scale);
  const RandomSource source(plan.sample);
  if (seconds != nullptr) seconds->assign(plan.operators.size(), 0.0);
  const cv::Size target(hq.front().cols / scale, hq.front().rows / scale);
  const ClipContext context{options_, source, target, seconds};
  Frames frames = clip.hq;
  std::size_t begin = 0;
  for (std::size_t place = 0; place < plan.order.size(); ++place) {
    const VideoPlan* video = video_at(plan, place);
    if (video == nullptr) continue;
    run_frame_operators(context, plan, begin, place, frames);
    const std::size_t instance = plan.order[place];
    if (plan.operators[instance].applied) {
      frames = timed(context, instance, [&] { return run_video(context, *video, frames); });
    }
    begin = place + 1;
  }
  run_frame_operators(context, plan, begin, plan.order.size(), frames);
  for (const cv::Mat& frame : frames) {
    if (frame.size() != context.target) {
      throw Error("degradation: the pipeline changes the size after 'resize_to_target'");
    }
    clip.lq.push_back(quantise(frame));
  }
  return clip;
}

}  // namespace oasis::degrade
