#include "route_clip.h"

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <algorithm>
#include <opencv2/core.hpp>
#include <string>
#include <utility>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/degrade/named_sample.h"
#include "oasis/media/video_reader.h"

namespace oasis::tools {
namespace {

constexpr std::int64_t kScale = 4;
/// Sides of the LQ clip are multiples of the first and at least the second.
constexpr std::int64_t kLqStep = 4;
constexpr std::int64_t kLeastLqSide = 16;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& reason) {
  throw Error(ExitCode::unreadable_input, fmt::format("{}: {}", path.string(), reason));
}

struct Crop {
  std::int64_t left, top, width, height;
};

Crop centre_crop(const std::filesystem::path& path, const media::VideoInfo& info,
                 const ClipSettings& settings) {
  const std::int64_t step = settings.lq ? kLqStep : kLqStep * kScale;
  const std::int64_t shrink = settings.lq ? kScale : 1;
  auto width = settings.crop_width / shrink, height = settings.crop_height / shrink;
  if ((info.height > info.width) != (height > width)) std::swap(width, height);
  width = std::min<std::int64_t>(width, info.width) / step * step;
  height = std::min<std::int64_t>(height, info.height) / step * step;
  if (std::min(width, height) < kLeastLqSide * (settings.lq ? 1 : kScale)) {
    refuse(path, fmt::format("{}x{} pixels are too few", info.width, info.height));
  }
  return {(info.width - width) / 2, (info.height - height) / 2, width, height};
}

/// Where reading begins.
enum class Begin { middle, start };

/// Reads `settings.frames` frames, fewer if the video ends; `lq` is still `[frames, 3, h, w]`, of
/// full size and in [0, 1].
RouteClip read_frames(const std::filesystem::path& path, const ClipSettings& settings, int threads,
                      Begin begin) {
  media::ReaderOptions options;
  options.threads = threads;
  const auto reader = media::VideoReader::open(path, options);
  const auto& info = reader->info();
  const Crop crop = centre_crop(path, info, settings);
  RouteClip clip;
  if (begin == Begin::middle) {
    clip.first_frame = std::max<std::int64_t>((info.frame_count - settings.frames) / 2, 0);
  }
  media::Frame frame;
  for (std::int64_t i = 0; i < clip.first_frame; ++i) {
    if (!reader->skip(frame)) break;
  }
  auto frames = at::empty({settings.frames, 3, crop.height, crop.width}, at::kFloat);
  std::int64_t count = 0;
  while (count < settings.frames && reader->next(frame)) {
    if (frame.width != info.width || frame.height != info.height) {
      refuse(path, "the size of the picture changes");
    }
    const auto whole = at::from_blob(frame.rgb.data(), {3, frame.height, frame.width}, at::kFloat);
    frames[count++].copy_(whole.narrow(1, crop.top, crop.height).narrow(2, crop.left, crop.width));
  }
  if (reader->damaged()) refuse(path, "damaged");
  clip.lq = frames.narrow(0, 0, count).clamp_(0, 1);
  return clip;
}

/// `[frames, 3, H, W]` in [0, 1] -> `[frames, 3, H/4, W/4]`, 8-bit values in [0, 1].
at::Tensor degraded(const at::Tensor& frames, const std::string& name,
                    const ClipSettings& settings) {
  degrade::Frames pictures;
  for (std::int64_t t = 0; t < frames.size(0); ++t) {
    const auto picture = frames[t].permute({1, 2, 0}).mul(255).contiguous();
    const cv::Mat view(static_cast<int>(picture.size(0)), static_cast<int>(picture.size(1)),
                       CV_32FC3, picture.data_ptr());
    pictures.push_back(degrade::quantise(view));
  }
  const degrade::SampleKey key{settings.seed, settings.stage, degrade::uid_of_name(name)};
  std::vector<at::Tensor> result;
  for (const cv::Mat& picture : settings.pipeline->run(pictures, key).lq) {
    const auto bytes = at::from_blob(picture.data, {picture.rows, picture.cols, 3}, at::kByte);
    result.push_back(bytes.permute({2, 0, 1}).to(at::kFloat).div_(255));
  }
  return at::stack(result);
}

}  // namespace

RouteClip read_clip(const std::filesystem::path& path, const std::string& name,
                    const ClipSettings& settings, int threads) {
  auto clip = read_frames(path, settings, threads, Begin::middle);
  if (clip.lq.size(0) < settings.frames && clip.first_frame > 0) {  // the header's count was wrong
    clip = read_frames(path, settings, threads, Begin::start);
  }
  auto frames = clip.lq;
  if (frames.size(0) < settings.frames) {
    refuse(path, fmt::format("only {} frames; {} are needed", frames.size(0), settings.frames));
  }
  if (!settings.lq && settings.pipeline) {
    frames = degraded(frames, name, settings);
  } else if (!settings.lq) {
    frames = at::_upsample_bicubic2d_aa(frames, {frames.size(2) / kScale, frames.size(3) / kScale},
                                        false)
                 .clamp_(0, 1);
  }
  clip.lq = frames.mul_(2).sub_(1).transpose(0, 1).unsqueeze(0).contiguous();
  return clip;
}

}  // namespace oasis::tools
