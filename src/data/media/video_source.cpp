#include "oasis/data/video_source.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "data/media/clip_frames.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/data/epoch_order.h"
#include "oasis/data/orientation.h"

namespace oasis::data {
namespace {

using degrade::DrawPlace;
using degrade::Purpose;
using degrade::RandomSource;

// The draws of a crop, numbered for good: a new one goes to the end.
enum CropDraw : std::uint32_t {
  kScene,
  kStart,
  kBlockX,
  kBlockY,
  kInnerX,
  kInnerY,
  kInnerStart,
  kFlip,
  kAngle,
  kSpeed,
  kZoom,
  kTurn,
  kTranspose,
  kShrink
};

DrawPlace place(CropDraw draw) { return {draw, 0, 0, Purpose::crop}; }

// The side of the block that is degraded: a multiple of 16, at most the picture's multiple of 4.
int block_side(int crop, double margin, int picture) {
  const int wanted = static_cast<int>(std::ceil(margin * crop / 16.0)) * 16;
  return std::max(crop, std::min(wanted, picture / 4 * 4));
}

// By how much a clip's frames are reduced before the block is cut: 2 or 1.
int draw_reduction(const Clip& clip, const CropOptions& crop, const RandomSource& random) {
  const bool fits = clip.width / 2 >= crop.width && clip.height / 2 >= crop.height;
  return !clip.still && fits && random.uniform(place(kShrink)) < crop.shrink ? 2 : 1;
}

// Frames first .. first + count - 1 of a video, cut to `block` of the reduced picture.
degrade::Frames read_reduced(const Clip& clip, std::int64_t first, std::int64_t count,
                             const cv::Rect& block, int reduction) {
  const cv::Rect original(block.x * reduction, block.y * reduction, block.width * reduction,
                          block.height * reduction);
  degrade::Frames frames = read_block(clip, first, count, original);
  if (reduction == 1) return frames;
  for (cv::Mat& frame : frames) {
    cv::Mat small;
    cv::resize(frame, small, block.size(), 0, 0, cv::INTER_AREA);
    frame = small;
  }
  return frames;
}

// First frame and count of a stretch of frames within one scene.
std::pair<std::int64_t, std::int64_t> draw_stretch(const Clip& clip, std::int64_t wanted,
                                                   std::int64_t least, const RandomSource& random) {
  // Scenes long enough for all; else those that hold the sample itself; else the longest.
  const auto scenes = scenes_of(clip);
  for (const std::int64_t need : {wanted, least}) {
    std::int64_t starts = 0;
    for (const auto& [first, count] : scenes) starts += std::max<std::int64_t>(count - need + 1, 0);
    if (starts == 0) continue;
    std::int64_t chosen = random.integer(place(kStart), 0, starts - 1);
    for (const auto& [first, count] : scenes) {
      const std::int64_t here = std::max<std::int64_t>(count - need + 1, 0);
      if (chosen < here) return {first + chosen, std::min(wanted, count - chosen)};
      chosen -= here;
    }
  }
  return *std::max_element(scenes.begin(), scenes.end(),
                           [](const auto& a, const auto& b) { return a.second < b.second; });
}

// Frames [first, first + count) cut to `part`, as [3, T, H, W] in [-1, 1].
at::Tensor to_tensor(const degrade::Frames& frames, std::int64_t first, std::int64_t count,
                     const cv::Rect& part) {
  at::Tensor clip = at::empty({count, part.height, part.width, 3});
  for (std::int64_t t = 0; t < count; ++t) {
    const cv::Mat& frame = frames[static_cast<std::size_t>(first + t)];
    cv::Mat target(part.height, part.width, CV_32FC3, clip[t].data_ptr<float>());
    frame(part).convertTo(target, CV_32FC3, 1.0 / 127.5, -1.0);
  }
  return clip.permute({3, 0, 1, 2}).contiguous();
}

Orientation draw_orientation(const CropOptions& crop, const RandomSource& random) {
  const auto heads = [&random](CropDraw draw) { return random.uniform(place(draw)) < 0.5; };
  return {crop.flip && heads(kFlip), crop.turn && heads(kTurn),
          crop.turn && crop.width == crop.height && heads(kTranspose)};
}

struct Degraded {
  degrade::DegradedClip clip;
  std::string description;
};

// A quarter of the size by antialiased bicubic (a = -0.5), as torch's interpolate has it.
degrade::Frames quarter(const degrade::Frames& frames) {
  degrade::Frames small;
  for (const cv::Mat& frame : frames) {
    const at::Tensor picture =
        at::from_blob(frame.data, {frame.rows, frame.cols, 3}, at::kFloat).permute({2, 0, 1});
    const at::Tensor low = at::_upsample_bicubic2d_aa(picture.unsqueeze(0).contiguous(),
                                                      {frame.rows / 4, frame.cols / 4},
                                                      /*align_corners=*/false)[0]
                               .permute({1, 2, 0})
                               .contiguous();
    const cv::Mat view(frame.rows / 4, frame.cols / 4, CV_32FC3, low.data_ptr());
    small.push_back(degrade::quantise(view));
  }
  return small;
}

Degraded degrade_block(const degrade::Pipeline* pipeline, const degrade::Frames& frames,
                       const degrade::SampleKey& key) {
  if (pipeline == nullptr) return {{frames, quarter(frames)}, "bicubic / 4, antialiased"};
  const degrade::Plan plan = pipeline->plan(key, static_cast<int>(frames.size()));
  return {pipeline->run(frames, plan), degrade::describe(plan)};
}

}  // namespace

VideoSource::VideoSource(ClipIndex index, const Options& options,
                         std::shared_ptr<const degrade::Pipeline> pipeline)
    : index_(std::move(index)), options_(options), pipeline_(std::move(pipeline)) {
  if (index_.clips.empty()) {
    throw Error(ExitCode::usage,
                fmt::format("no clip can be used for training ({} files were left out; "
                            "oasis-train --check-data lists why)",
                            index_.problems.size()));
  }
}

TrainingSample VideoSource::sample(std::uint64_t uid) const {
  const std::size_t count = index_.clips.size();
  for (std::size_t attempt = 0; attempt < count; ++attempt) {
    const std::uint64_t position = uid / count * count + (uid % count + attempt) % count;
    const Clip& clip = index_.clips[clip_of_sample(position, count, options_.seed)];
    try {
      return cut_from(clip, uid);
    } catch (const Error& error) {
      if (error.code() != ExitCode::unreadable_input) throw;
      ++damaged_;
      log::warn("sample {}: {}; the next clip is taken", uid, error.what());
    }
  }
  throw Error(ExitCode::unreadable_input, "no clip of the training set can be read any more");
}

TrainingSample VideoSource::cut_from(const Clip& clip, std::uint64_t uid) const {
  const CropOptions& crop = options_.crop;
  const degrade::SampleKey key{options_.seed, static_cast<std::uint32_t>(options_.stage), uid};
  const RandomSource random(key);
  const int reduction = draw_reduction(clip, crop, random);
  const cv::Size picture(clip.width / reduction, clip.height / reduction);
  const int width = block_side(crop.width, crop.margin, picture.width);
  const int height = block_side(crop.height, crop.margin, picture.height);
  const cv::Rect block(static_cast<int>(random.integer(place(kBlockX), 0, picture.width - width)),
                       static_cast<int>(random.integer(place(kBlockY), 0, picture.height - height)),
                       width, height);

  degrade::Frames frames;
  std::int64_t first = 0;
  const std::int64_t wanted = crop.frames + crop.extra_frames;
  if (clip.still) {
    const CameraPath path{random.uniform(place(kAngle)), random.uniform(place(kSpeed)),
                          random.uniform(place(kZoom))};
    frames = glide_over(clip, wanted, block, crop.still_motion ? path : CameraPath{});
  } else {
    const auto [start, count] = draw_stretch(clip, wanted, crop.frames, random);
    first = start;
    frames = read_reduced(clip, start, count, block, reduction);
    while (static_cast<std::int64_t>(frames.size()) < wanted) frames.push_back(frames.back());
  }

  const Degraded pair = degrade_block(pipeline_.get(), frames, key);
  const std::int64_t inner = random.integer(place(kInnerStart), 0, crop.extra_frames);
  const cv::Rect low(
      static_cast<int>(random.integer(place(kInnerX), 0, (width - crop.width) / 4)),
      static_cast<int>(random.integer(place(kInnerY), 0, (height - crop.height) / 4)),
      crop.width / 4, crop.height / 4);
  const cv::Rect high(low.x * 4, low.y * 4, crop.width, crop.height);

  TrainingSample sample;
  sample.uid = uid;
  const Orientation orientation = draw_orientation(crop, random);
  const auto cut = [&](const degrade::Frames& from, const cv::Rect& part) {
    return orient(to_tensor(from, inner, crop.frames, part), orientation).contiguous();
  };
  sample.hq = cut(pair.clip.hq, high);
  sample.lq = cut(pair.clip.lq, low);
  sample.origin =
      fmt::format("{} frame {} at {},{}{}", clip.path.filename().string(), first + inner,
                  block.x + high.x, block.y + high.y, reduction == 1 ? "" : " of half the size");
  sample.degradation = pair.description;
  return sample;
}

}  // namespace oasis::data
