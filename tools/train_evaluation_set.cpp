#include "train_evaluation_set.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/degrade/named_sample.h"
#include "oasis/media/video_reader.h"
#include "train_lossless_file.h"
#include "train_source.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kScale = 4;

cv::Size size_of(const data::Clip& clip) {
  return {clip.width / kScale * kScale, clip.height / kScale * kScale};
}

/// A quarter of the size by antialiased bicubic (a = -0.5), as in training.
cv::Mat quarter(const cv::Mat& picture) {
  const at::Tensor bytes = at::from_blob(picture.data, {picture.rows, picture.cols, 3}, at::kByte);
  const at::Tensor low =
      at::_upsample_bicubic2d_aa(bytes.permute({2, 0, 1}).unsqueeze(0).to(at::kFloat).contiguous(),
                                 {picture.rows / kScale, picture.cols / kScale},
                                 /*align_corners=*/false)[0]
          .permute({1, 2, 0})
          .contiguous();
  return degrade::quantise(
      cv::Mat(picture.rows / kScale, picture.cols / kScale, CV_32FC3, low.data_ptr()));
}

/// The first frames of a clip, cut to multiples of 4 pixels.
class PictureReader {
 public:
  PictureReader(const data::Clip& clip, bool allow_hdr) : clip_(clip) {
    media::ReaderOptions reading;
    reading.threads = 1;
    reading.allow_hdr = allow_hdr;
    reading.quiet = true;
    reader_ = media::VideoReader::open(clip.path, reading);
  }

  const media::VideoInfo& info() const { return reader_->info(); }

  /// Of the frame that was read last.
  const media::Frame& times() const { return frame_; }

  cv::Mat next() {
    if (!reader_->next(frame_) || frame_.width != clip_.width || frame_.height != clip_.height) {
      throw Error(ExitCode::unreadable_input,
                  fmt::format("{}: frame {} cannot be read or has another size",
                              clip_.path.string(), count_));
    }
    ++count_;
    return to_picture(frame_, {{0, 0}, size_of(clip_)});
  }

 private:
  const data::Clip& clip_;
  std::unique_ptr<media::VideoReader> reader_;
  media::Frame frame_;
  std::int64_t count_ = 0;
};

}  // namespace

EvaluationSet::EvaluationSet(fs::path folder, const train::TrainConfig& config,
                             const WholeClipOptions& options)
    : folder_(std::move(folder)),
      config_(config),
      options_(options),
      pipeline_(make_pipeline(config.degradation)),
      kept_(folder_ / "set.json") {}

void EvaluationSet::check_list(const data::Clip& clip, const std::string& name) const {
  const std::vector<int> variants = kept_variants(name);
  if (!fs::exists(hq_path(name)) && variants.empty()) return;
  kept_.require_same(listing(clip, name), variants);
}

Json EvaluationSet::make(const data::Clip& clip, const std::string& name) const {
  check_files(clip, name);
  if (!complete(name)) write(clip, name);
  return listing(clip, name);
}

std::int64_t EvaluationSet::count_of(const data::Clip& clip) const {
  return options_.frames > 0 ? std::min(options_.frames, clip.frames) : clip.frames;
}

Json EvaluationSet::listing(const data::Clip& clip, const std::string& name) const {
  const auto count = count_of(clip);
  const cv::Size size = size_of(clip);
  Json entry = {{"name", name},
                {"source", clip.path.filename().string()},
                {"frames", count},
                {"width", size.width},
                {"height", size.height}};
  for (int seed = 0; seed < options_.seeds; ++seed) {
    entry["variants"].push_back(pipeline_ ? degrade::describe(plan(name, seed, count))
                                          : std::string("bicubic / 4, antialiased"));
  }
  return entry;
}

fs::path EvaluationSet::hq_path(const std::string& name) const {
  return folder_ / "hq" / (name + ".mkv");
}

fs::path EvaluationSet::lq_path(const std::string& name, int seed) const {
  return folder_ / "lq" / fmt::format("seed{}", seed) / (name + ".mkv");
}

std::vector<int> EvaluationSet::kept_variants(const std::string& name) const {
  std::vector<int> kept;
  for (int seed = 0; seed < options_.seeds; ++seed) {
    if (fs::exists(lq_path(name, seed))) kept.push_back(seed);
  }
  return kept;
}

bool EvaluationSet::complete(const std::string& name) const {
  return fs::exists(hq_path(name)) &&
         static_cast<int>(kept_variants(name).size()) == options_.seeds;
}

/// What is there of a clip must be of its length and size, which an interrupted run has not
/// listed, and begin with its picture.
void EvaluationSet::check_files(const data::Clip& clip, const std::string& name) const {
  const cv::Size size = size_of(clip);
  const cv::Size small = size / kScale;
  const bool has_hq = fs::exists(hq_path(name));
  if (!kept_.lists(name)) {
    const auto count = count_of(clip);
    if (has_hq) require_kept_video(hq_path(name), size.width, size.height, count);
    for (const int seed : kept_variants(name)) {
      require_kept_video(lq_path(name, seed), small.width, small.height, count);
    }
  }
  if (!has_hq) return;
  const bool hdr = config_.data.pass_hdr;
  const cv::Mat kept = first_picture(hq_path(name), size, hdr);
  if (cv::norm(kept, first_picture(clip.path, size, hdr), cv::NORM_INF) > 0) {
    refuse_kept(hq_path(name),
                fmt::format("its first picture is not that of {}", clip.path.string()));
  }
}

degrade::Plan EvaluationSet::plan(const std::string& name, int seed, std::int64_t count) const {
  const degrade::SampleKey key{config_.seed, static_cast<std::uint32_t>(config_.stage),
                               degrade::uid_of_name(name, seed)};
  return pipeline_->plan(key, static_cast<int>(count));
}

void EvaluationSet::write(const data::Clip& clip, const std::string& name) const {
  PictureReader reader(clip, config_.data.pass_hdr);
  const std::int64_t count = count_of(clip);
  const cv::Size size = size_of(clip), small = size / kScale;
  // Variants that are added later have the HQ that is there.
  std::unique_ptr<LosslessFile> hq, bicubic;
  if (!fs::exists(hq_path(name))) {
    hq = std::make_unique<LosslessFile>(hq_path(name), reader.info(), size);
  }
  if (!pipeline_) bicubic = std::make_unique<LosslessFile>(lq_path(name, 0), reader.info(), small);
  degrade::Frames pictures;
  std::vector<media::Frame> times;
  for (std::int64_t t = 0; t < count; ++t) {
    throw_if_interrupted();
    const cv::Mat picture = reader.next();
    if (hq) hq->write(picture, reader.times());
    if (bicubic) {
      bicubic->write(quarter(picture), reader.times());
      continue;
    }
    pictures.push_back(picture);
    times.emplace_back().pts = reader.times().pts;
    times.back().duration = reader.times().duration;
  }
  if (bicubic) bicubic->finish();
  for (int seed = 0; pipeline_ && seed < options_.seeds; ++seed) {
    if (fs::exists(lq_path(name, seed))) continue;
    const auto degraded = pipeline_->run(pictures, plan(name, seed, count)).lq;
    LosslessFile lq(lq_path(name, seed), reader.info(), small);
    for (std::size_t t = 0; t < degraded.size(); ++t) lq.write(degraded[t], times[t]);
    lq.finish();
  }
  if (hq) hq->finish();
}

}  // namespace oasis::tools
