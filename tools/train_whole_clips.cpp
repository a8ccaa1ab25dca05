#include "train_whole_clips.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <string>
#include <thread>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/core/progress.h"
#include "oasis/core/version.h"
#include "oasis/data/clip_index.h"
#include "oasis/degrade/named_sample.h"
#include "oasis/degrade/pipeline.h"
#include "oasis/media/video_reader.h"
#include "oasis/media/video_writer.h"
#include "train_kept_clips.h"
#include "train_source.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kScale = 4;
constexpr int kLeastSide = 64;  // of HQ: 16 pixels of LQ

/// What an evaluation set calls its clips: the file's stem, or the path below the set's folder
/// where two files have the same stem.
std::vector<std::string> names_of(const std::vector<data::Clip>& clips, const fs::path& root) {
  std::map<std::string, int> uses;
  for (const auto& clip : clips) ++uses[clip.path.stem().string()];
  std::vector<std::string> names;
  for (const auto& clip : clips) {
    std::string name = clip.path.stem().string();
    if (uses[name] > 1) {
      const fs::path below = clip.path.lexically_relative(root);
      name = below.parent_path().empty() ? below.filename().string()
                                         : (below.parent_path() / below.filename()).string();
      std::replace_if(
          name.begin(), name.end(), [](char c) { return c == '/' || c == '.'; }, '_');
    }
    names.push_back(name);
  }
  return names;
}

cv::Mat to_picture(const media::Frame& frame, const cv::Rect& part) {
  std::vector<cv::Mat> planes;
  for (int channel = 0; channel < 3; ++channel) {
    const cv::Mat plane(frame.height, frame.width, CV_32FC1,
                        const_cast<float*>(frame.plane(channel)));
    planes.push_back(plane(part));
  }
  cv::Mat interleaved;
  cv::merge(planes, interleaved);
  return degrade::quantise(interleaved * 255.0);
}

// A quarter of the size by antialiased bicubic (a = -0.5), as in training.
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

/// The first picture of a video, cut to a size.
cv::Mat first_picture(const fs::path& path, cv::Size size, bool allow_hdr) {
  media::ReaderOptions reading;
  reading.threads = 1;
  reading.allow_hdr = allow_hdr;
  reading.quiet = true;
  media::Frame frame;
  if (!media::VideoReader::open(path, reading)->next(frame) || frame.width < size.width ||
      frame.height < size.height) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: its first frame cannot be read", path.string()));
  }
  return to_picture(frame, {{0, 0}, size});
}

/// A lossless video of 8-bit RGB pictures with the times of its source.
class LosslessFile {
 public:
  LosslessFile(const fs::path& path, const media::VideoInfo& source, cv::Size size) {
    fs::create_directories(path.parent_path());
    media::VideoInfo info = source;
    info.layout = media::PixelLayout::rgb;
    info.bit_depth = 8;
    info.color.matrix = 0;
    info.color.full_range = true;
    info.chroma_location = 0;
    media::WriterOptions options;
    options.codec = "ffv1";
    options.overwrite = true;
    options.threads = 1;
    writer_ = media::VideoWriter::create(path, options, info, size.width, size.height);
  }

  void write(const cv::Mat& picture, const media::Frame& times) {
    frame_.resize(picture.cols, picture.rows);
    frame_.pts = times.pts;
    frame_.duration = times.duration;
    cv::Mat values;
    picture.convertTo(values, CV_32FC3, 1.0 / 255.0);
    std::vector<cv::Mat> planes;
    for (int channel = 0; channel < 3; ++channel) {
      planes.emplace_back(picture.rows, picture.cols, CV_32FC1, frame_.plane(channel));
    }
    cv::split(values, planes);
    writer_->write(frame_);
  }

  void finish() { writer_->finish(); }

 private:
  std::unique_ptr<media::VideoWriter> writer_;
  media::Frame frame_;
};

/// The set and how its clips are made.
class WholeClips {
 public:
  WholeClips(fs::path folder, const train::TrainConfig& config, const WholeClipOptions& options)
      : folder_(std::move(folder)),
        config_(config),
        options_(options),
        pipeline_(make_pipeline(config.degradation)),
        kept_(folder_ / "set.json") {}

  /// Throws `oasis::Error` (usage) if the folder has files of this name that its `set.json` says
  /// were made otherwise.
  void check_list(const data::Clip& clip, const std::string& name) const {
    const std::vector<int> variants = kept_variants(name);
    if (!fs::exists(hq_path(name)) && variants.empty()) return;
    kept_.require_same(listing(clip, name), variants);
  }

  /// Makes what is missing of a clip; returns its entry in `set.json`. Throws `oasis::Error`
  /// (usage) if files of this name that are there are not of this clip.
  Json make(const data::Clip& clip, const std::string& name) const {
    check_files(clip, name);
    if (!complete(name)) write(clip, name, count_of(clip), size_of(clip));
    return listing(clip, name);
  }

 private:
  std::int64_t count_of(const data::Clip& clip) const {
    return options_.frames > 0 ? std::min(options_.frames, clip.frames) : clip.frames;
  }
  static cv::Size size_of(const data::Clip& clip) {
    return {clip.width / kScale * kScale, clip.height / kScale * kScale};
  }

  Json listing(const data::Clip& clip, const std::string& name) const {
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

  fs::path hq_path(const std::string& name) const { return folder_ / "hq" / (name + ".mkv"); }
  fs::path lq_path(const std::string& name, int seed) const {
    return folder_ / "lq" / fmt::format("seed{}", seed) / (name + ".mkv");
  }

  /// Those of the variants to make that are there.
  std::vector<int> kept_variants(const std::string& name) const {
    std::vector<int> kept;
    for (int seed = 0; seed < options_.seeds; ++seed) {
      if (fs::exists(lq_path(name, seed))) kept.push_back(seed);
    }
    return kept;
  }

  bool complete(const std::string& name) const {
    return fs::exists(hq_path(name)) &&
           static_cast<int>(kept_variants(name).size()) == options_.seeds;
  }

  /// What is there of a clip must be of its length and size, which an interrupted run has not
  /// listed, and begin with its picture.
  void check_files(const data::Clip& clip, const std::string& name) const {
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

  degrade::Plan plan(const std::string& name, int seed, std::int64_t count) const {
    const degrade::SampleKey key{config_.seed, static_cast<std::uint32_t>(config_.stage),
                                 degrade::uid_of_name(name, seed)};
    return pipeline_->plan(key, static_cast<int>(count));
  }

  void write(const data::Clip& clip, const std::string& name, std::int64_t count,
             cv::Size size) const {
    media::ReaderOptions reading;
    reading.threads = 1;
    reading.allow_hdr = config_.data.pass_hdr;
    reading.quiet = true;
    const auto reader = media::VideoReader::open(clip.path, reading);
    const cv::Size small = size / kScale;
    // Variants that are added later have the HQ that is there.
    std::unique_ptr<LosslessFile> hq;
    if (!fs::exists(hq_path(name))) {
      hq = std::make_unique<LosslessFile>(hq_path(name), reader->info(), size);
    }
    std::unique_ptr<LosslessFile> bicubic;
    if (!pipeline_) {
      bicubic = std::make_unique<LosslessFile>(lq_path(name, 0), reader->info(), small);
    }
    degrade::Frames pictures;
    std::vector<media::Frame> times;
    media::Frame frame;
    for (std::int64_t t = 0; t < count; ++t) {
      throw_if_interrupted();
      if (!reader->next(frame) || frame.width != clip.width || frame.height != clip.height) {
        throw Error(
            ExitCode::unreadable_input,
            fmt::format("{}: frame {} cannot be read or has another size", clip.path.string(), t));
      }
      const cv::Mat picture = to_picture(frame, {{0, 0}, size});
      if (hq) hq->write(picture, frame);
      if (bicubic) {
        bicubic->write(quarter(picture), frame);
        continue;
      }
      pictures.push_back(picture);
      times.emplace_back().pts = frame.pts;
      times.back().duration = frame.duration;
    }
    if (bicubic) bicubic->finish();
    for (int seed = 0; pipeline_ && seed < options_.seeds; ++seed) {
      if (fs::exists(lq_path(name, seed))) continue;
      const auto degraded = pipeline_->run(pictures, plan(name, seed, count)).lq;
      LosslessFile lq(lq_path(name, seed), reader->info(), small);
      for (std::size_t t = 0; t < degraded.size(); ++t) lq.write(degraded[t], times[t]);
      lq.finish();
    }
    if (hq) hq->finish();
  }

  fs::path folder_;
  const train::TrainConfig& config_;
  WholeClipOptions options_;
  std::shared_ptr<const degrade::Pipeline> pipeline_;
  KeptClips kept_;
};

/// Clips taken one after the other by several threads.
class ClipQueue {
 public:
  ClipQueue(const WholeClips& set, const std::vector<data::Clip>& clips, const fs::path& root)
      : set_(set),
        clips_(clips),
        names_(names_of(clips, root)),
        entries_(clips.size()),
        progress_("degrading", "clips", static_cast<std::int64_t>(clips.size())) {}

  void run(int threads) {
    for (std::size_t i = 0; i < clips_.size(); ++i) set_.check_list(clips_[i], names_[i]);
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
    for (auto& worker : workers) worker.join();
    if (failure_) std::rethrow_exception(failure_);
    progress_.finish();
  }

  /// Of the clips that could be made, in order.
  Json entries() const {
    Json all = Json::array();
    for (const Json& entry : entries_) {
      if (!entry.is_null()) all.push_back(entry);
    }
    return all;
  }
  std::size_t unusable() const { return unusable_; }

 private:
  void work() {
    for (std::size_t i = next_++; i < clips_.size(); i = next_++) {
      try {
        entries_[i] = set_.make(clips_[i], names_[i]);
      } catch (const Error& error) {
        if (error.code() != ExitCode::unreadable_input) return fail();
        log::warn("left out: {}", error.what());
        ++unusable_;
      } catch (...) {
        return fail();
      }
      const std::lock_guard lock(mutex_);
      progress_.update(++done_);
    }
  }

  void fail() {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    next_ = clips_.size();
  }

  const WholeClips& set_;
  const std::vector<data::Clip>& clips_;
  std::vector<std::string> names_;
  std::vector<Json> entries_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> unusable_ = 0;
  std::mutex mutex_;
  std::int64_t done_ = 0;
  std::exception_ptr failure_;
  Progress progress_;
};

void write_list(const fs::path& path, const train::TrainConfig& config, const Json& entries) {
  const Json json = {{"program", version()},
                     {"seed", config.seed},
                     {"stage", config.stage},
                     {"config", config.text},
                     {"clips", entries}};
  const fs::path part = path.string() + ".part";
  std::ofstream stream(part);
  stream << json.dump(1) << '\n';
  stream.close();
  std::error_code error;
  if (stream) fs::rename(part, path, error);
  if (!stream || error) {
    throw Error(ExitCode::failed, fmt::format("{}: cannot be written", path.string()));
  }
}

}  // namespace

int write_whole_clips(const fs::path& folder, const train::TrainConfig& config,
                      const WholeClipOptions& options) {
  if (config.degradation.kind == train::DegradationConfig::Kind::bicubic && options.seeds > 1) {
    throw Error(ExitCode::usage, "--seeds: degradation: bicubic draws nothing, one will do");
  }
  data::IndexOptions indexing;
  indexing.least_width = kLeastSide;
  indexing.least_height = kLeastSide;
  indexing.least_frames = 1;
  indexing.stills = false;
  indexing.pass_hdr = config.data.pass_hdr;
  indexing.threads = static_cast<int>(config.data.threads);
  fs::create_directories(folder);
  const data::ClipIndex index =
      data::index_clips(config.data.train, indexing, folder / "index.json");
  for (const auto& problem : index.problems) {
    log::warn("left out: {}: {} ({})", problem.path.string(), data::to_string(problem.kind),
              problem.detail);
  }
  if (index.clips.empty()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: no video can be used", config.data.train.string()));
  }
  const WholeClips set(folder, config, options);
  ClipQueue queue(set, index.clips, config.data.train);
  queue.run(static_cast<int>(config.data.threads));
  write_list(folder / "set.json", config, queue.entries());
  log::info("{} clips with {} variants in {}", queue.entries().size(), options.seeds,
            folder.string());
  const bool all = index.problems.empty() && queue.unusable() == 0;
  return static_cast<int>(all ? ExitCode::done : ExitCode::batch_partly_failed);
}

}  // namespace oasis::tools
