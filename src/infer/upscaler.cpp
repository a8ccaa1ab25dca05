#include "oasis/infer/upscaler.h"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "frame_buffer.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/infer/bounded_queue.h"
#include "oasis/infer/chunk_blender.h"
#include "oasis/infer/chunk_plan.h"
#include "oasis/infer/output_size.h"
#include "oasis/media/scene_cut.h"

namespace oasis::infer {
namespace {

using Clock = std::chrono::steady_clock;

/// Adds the time of its life to `sum`.
class StageTimer {
 public:
  explicit StageTimer(double& sum) : sum_(sum), start_(Clock::now()) {}
  ~StageTimer() { sum_ += std::chrono::duration<double>(Clock::now() - start_).count(); }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  double& sum_;
  Clock::time_point start_;
};

/// The most result that a model without overlaps makes at once, in bytes.
constexpr std::int64_t kLocalClipBytes = 512LL << 20;

/// The three stages of one run.
class Pipeline {
 public:
  Pipeline(model::ClipModel& model, const UpscaleSettings& settings)
      : model_(model),
        settings_(settings),
        local_(model.rules().per_pixel_local),
        clips_(model, settings.tiles),
        blender_(local_ ? 0 : settings.overlap),
        planner_(chunk_settings()),
        input_(static_cast<size_t>(settings.queue_frames)),
        output_(static_cast<size_t>(settings.queue_frames)) {}

  UpscaleReport run(const FrameSource& source, const FrameSink& sink,
                    const FrameProgress& progress) {
    const auto start = Clock::now();
    const model::StageTimes before = model_.times();
    progress_ = &progress;
    std::thread reader([&] { guarded([&] { read(source); }); });
    std::thread writer([&] { guarded([&] { write(sink); }); });
    guarded([&] { upscale(); });
    reader.join();
    writer.join();
    if (failure_) std::rethrow_exception(failure_);
    const model::StageTimes after = model_.times();
    report_.times.project = after.project - before.project;
    report_.times.dit = after.dit - before.dit;
    report_.times.decode = after.decode - before.decode;
    report_.times.wall = std::chrono::duration<double>(Clock::now() - start).count();
    return report_;
  }

 private:
  ChunkSettings chunk_settings() const {
    if (local_) return {settings_.chunk, 0, 1};
    return {settings_.chunk, settings_.overlap, model_.rules().frame_step};
  }

  /// Runs a stage; the first exception of any stage is kept and stops the others.
  template <typename F>
  void guarded(F&& stage) {
    try {
      stage();
    } catch (...) {
      {
        const std::lock_guard lock(failure_mutex_);
        if (!failure_) failure_ = std::current_exception();
      }
      input_.cancel();
      output_.cancel();
    }
  }

  void read(const FrameSource& source) {
    for (bool more = true; more;) {
      media::Frame frame;
      {
        const StageTimer timer(report_.times.read);
        more = source(frame);
      }
      if (more && !input_.push(std::move(frame))) return;
    }
    input_.close();
  }

  void write(const FrameSink& sink) {
    while (auto frame = output_.pop()) {
      const StageTimer timer(report_.times.write);
      sink(*frame);
    }
  }

  void upscale() {
    const c10::InferenceMode no_gradients;
    while (auto frame = input_.pop(throw_if_interrupted)) {
      const media::Frame& latest = *frame;
      if (local_ && !started_) limit_local_chunk(latest);
      started_ = true;
      std::optional<bool> cut = false;
      if (!local_ && settings_.scene_cuts) cut = detector_.push(latest);
      frames_.push(std::move(*frame));
      if (cut) plan_frame(*cut);
    }
    if (failed()) return;
    if (const auto cut = detector_.finish()) plan_frame(*cut);
    if (const auto last = planner_.finish()) upscale_chunk(*last);
    emit(blender_.finish());
    output_.close();
  }

  /// Whether another stage has ended the work.
  bool failed() {
    const std::lock_guard lock(failure_mutex_);
    return failure_ != nullptr;
  }

  /// Local models don't care where chunks end: large frames get short ones.
  void limit_local_chunk(const media::Frame& frame) {
    const std::int64_t bytes = 16 * 3 * 4 * static_cast<std::int64_t>(frame.plane_size());
    const std::int64_t most = std::max<std::int64_t>(1, kLocalClipBytes / bytes);
    planner_ = ChunkPlanner({std::min(settings_.chunk, most), 0, 1});
  }

  void plan_frame(bool cut) {
    if (cut) ++report_.scene_cuts;
    for (const Chunk& chunk : planner_.push(cut)) upscale_chunk(chunk);
  }

  void upscale_chunk(Chunk chunk) {
    throw_if_interrupted();
    if (chunk.end() <= settings_.skip) {
      while (position_ < chunk.end()) skip_frame();
      frames_.drop_before(chunk.end() - (local_ ? 0 : settings_.overlap));
      return;
    }
    std::vector<at::Tensor> ready;
    {
      const StageTimer timer(report_.times.model);
      const at::Tensor clip = frames_.clip(chunk);
      frames_.drop_before(chunk.end() - (local_ ? 0 : settings_.overlap));
      at::Tensor result = clips_.upscale(clip, chunk.padded);
      if (const std::int64_t gone = position_ - chunk.first; gone > 0 && chunks_skipped()) {
        // The chunk before was skipped, and with it the frames that both cover.
        result = result.narrow(1, gone, chunk.count - gone);
        chunk = {position_, chunk.count - gone, chunk.padded, 0};
      }
      ready = blender_.push(chunk, result);
    }
    ++report_.chunks;
    report_.tiles = clips_.tiles();
    log::debug("frames {} to {}: {} tiles", chunk.first, chunk.end() - 1, report_.tiles);
    emit(ready);
  }

  /// Whether no chunk has been given to the model yet, though frames have gone by.
  bool chunks_skipped() const { return report_.chunks == 0 && position_ > 0; }

  void skip_frame() {
    frames_.take_times();
    ++position_;
    ++report_.skipped;
  }

  void emit(const std::vector<at::Tensor>& pieces) {
    for (const at::Tensor& piece : pieces) {
      for (std::int64_t i = 0; i < piece.size(1); ++i) {
        if (position_ < settings_.skip) {
          skip_frame();
          continue;
        }
        media::Frame frame;
        {
          const StageTimer timer(report_.times.model);
          at::Tensor picture = piece.narrow(1, i, 1);
          if (settings_.output != Size{}) picture = resize_frames(picture, settings_.output);
          frame = to_frame(picture.select(1, 0), frames_.take_times());
          report_.output = {frame.width, frame.height};
        }
        if (!output_.push(std::move(frame), throw_if_interrupted)) return;
        ++position_;
        ++report_.frames;
        if (*progress_) (*progress_)(position_);
      }
    }
  }

  model::ClipModel& model_;
  const UpscaleSettings& settings_;
  const bool local_;
  ClipUpscaler clips_;
  ChunkBlender blender_;
  ChunkPlanner planner_;
  media::SceneCutDetector detector_;
  FrameBuffer frames_;
  BoundedQueue<media::Frame> input_;
  BoundedQueue<media::Frame> output_;
  bool started_ = false;
  std::int64_t position_ = 0;  ///< of the next frame to deliver or to pass over
  const FrameProgress* progress_ = nullptr;
  UpscaleReport report_;
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
};

}  // namespace

UpscaleReport upscale_frames(model::ClipModel& model, const FrameSource& source,
                             const FrameSink& sink, const UpscaleSettings& settings,
                             const FrameProgress& progress) {
  return Pipeline(model, settings).run(source, sink, progress);
}

}  // namespace oasis::infer
