#include "eval/clip_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "eval/clip_iqa_meter.h"
#include "eval/colour_shift_meter.h"
#include "eval/dover_meter.h"
#include "eval/drift_meter.h"
#include "eval/ewarp_meter.h"
#include "eval/frame_stream.h"
#include "eval/lpips_meter.h"
#include "eval/picture_collector.h"
#include "eval/pixel_scores.h"
#include "eval/pulse_meter.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/eval/metric_catalogue.h"

namespace oasis::eval {
namespace {

constexpr int kSsimWindow = 11;

bool is_pixel_score(const std::string& metric) {
  return metric.rfind("psnr", 0) == 0 || metric.rfind("ssim", 0) == 0;
}

bool is_interruption(const Error& error) {
  return error.code() == ExitCode::interrupted || error.code() == ExitCode::terminated;
}

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ExitCode::unreadable_input, message);
}

/// One clip on its way through the metrics.
class Run {
 public:
  Run(const ClipPair& pair, const EvaluationOptions& options, const MetricNetworks& networks);

  ClipResult take();

 private:
  /// A metric and the name by which notes call it.
  struct Entry {
    std::string name;
    std::unique_ptr<Meter> meter;
  };

  void check_sizes();
  void settle_length();
  void make_meters(const MetricNetworks& networks);
  std::unique_ptr<Meter> make_meter(const std::string& metric, const MetricNetworks& networks);
  void stream();
  FramePair align(std::int64_t index, at::Tensor output, at::Tensor reference) const;
  void check_end(std::int64_t frames, bool output_left, bool reference_left);
  void drop(Entry& entry, const Error& error);

  const ClipPair& pair_;
  const EvaluationOptions& options_;
  const Protocol& protocol_;
  int threads_;
  StreamOptions reading_;
  FrameStream output_;
  std::unique_ptr<FrameStream> reference_;
  std::int64_t expected_ = 0;  // frames; 0: not known
  bool exact_ = false;         // `expected_` was counted
  PictureCollector pictures_{0};
  std::vector<Entry> meters_;
  ClipResult result_;
};

StreamOptions reading_options(const EvaluationOptions& options, int threads) {
  return {options.frames, std::max(1, threads / 4),
          options.protocol.untagged_matrix == UntaggedMatrix::bt601};
}

int thread_count(int wanted) {
  return wanted > 0 ? wanted : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

Run::Run(const ClipPair& pair, const EvaluationOptions& options, const MetricNetworks& networks)
    : pair_(pair),
      options_(options),
      protocol_(options.protocol),
      threads_(thread_count(options.threads)),
      reading_(reading_options(options, threads_)),
      output_(pair.output, reading_) {
  if (!pair.reference.empty()) {
    reference_ = std::make_unique<FrameStream>(pair.reference, reading_);
  }
  result_.name = pair.name;
  result_.output = pair.output;
  result_.reference = pair.reference;
  result_.fps = output_.info().frame_rate.value();
  check_sizes();
  const bool dover =
      std::find(networks.ready.begin(), networks.ready.end(), "dover") != networks.ready.end();
  const bool doubtful = reference_ && output_.expected() != reference_->expected();
  exact_ = dover || doubtful;
  settle_length();
  pictures_ = PictureCollector(expected_);
  make_meters(networks);
}

void Run::check_sizes() {
  result_.width = output_.info().width;
  result_.height = output_.info().height;
  if (!reference_) return;
  const int width = reference_->info().width;
  const int height = reference_->info().height;
  if (width == result_.width && height == result_.height) return;
  if (protocol_.align == Align::refuse) {
    refuse(
        fmt::format("{} is {}x{}, its reference {} is {}x{}: give --align crop or resize to "
                    "compare them all the same",
                    pair_.output.string(), result_.width, result_.height, pair_.reference.string(),
                    width, height));
  }
  if (protocol_.align == Align::resize) {
    result_.notes.push_back(fmt::format("output resized from {}x{} to {}x{} (--align resize)",
                                        result_.width, result_.height, width, height));
    result_.width = width;
    result_.height = height;
    return;
  }
  const int common_width = std::min(width, result_.width);
  const int common_height = std::min(height, result_.height);
  result_.notes.push_back(fmt::format("output of {}x{} and reference of {}x{} cut to {}x{}",
                                      result_.width, result_.height, width, height, common_width,
                                      common_height));
  result_.width = common_width;
  result_.height = common_height;
}

// How many frames there will be; counted where headers are not enough.
void Run::settle_length() {
  expected_ = output_.expected();
  if (!exact_) return;
  const std::int64_t frames = count_frames(pair_.output, reading_);
  expected_ = frames;
  if (!reference_) return;
  const std::int64_t reference = count_frames(pair_.reference, reading_);
  expected_ = std::min(frames, reference);
  if (frames != reference) check_end(expected_, frames > reference, reference > frames);
}

std::unique_ptr<Meter> Run::make_meter(const std::string& metric, const MetricNetworks& networks) {
  const auto& device = options_.device;
  if (metric.rfind("lpips", 0) == 0) {
    return std::make_unique<LpipsMeter>(metric, networks.lpips(metric), device, protocol_);
  }
  if (metric == "clipiqa") {
    return std::make_unique<ClipIqaMeter>(networks.clip_iqa, device, protocol_.decimals);
  }
  if (metric == "dover") {
    return std::make_unique<DoverMeter>(networks.dover, protocol_, expected_);
  }
  if (metric == "luma_pulse") return std::make_unique<PulseMeter>(protocol_);
  if (metric == "colour_drift") return std::make_unique<DriftMeter>(protocol_.decimals);
  if (metric == "delta_e_16") return std::make_unique<ColourShiftMeter>(protocol_.decimals);
  return std::make_unique<EwarpMeter>(columns_of(metric, protocol_).front().key,
                                      ewarp_mode_of(metric, protocol_), networks.flow, device,
                                      protocol_);
}

void Run::make_meters(const MetricNetworks& networks) {
  std::vector<std::string> pixel_scores;
  for (const auto& metric : networks.ready) {
    if (needs_reference(metric, protocol_) && !reference_) continue;
    const auto least = std::min(result_.width, result_.height) - 2 * protocol_.border;
    if (metric.rfind("ssim", 0) == 0 && least < kSsimWindow) {
      result_.notes.push_back(fmt::format("{} not computed: it needs frames of at least {}x{}",
                                          columns_of(metric, protocol_).front().label, kSsimWindow,
                                          kSsimWindow));
    } else if (is_pixel_score(metric)) {
      pixel_scores.push_back(metric);
    } else {
      meters_.push_back(
          {columns_of(metric, protocol_).front().label, make_meter(metric, networks)});
    }
  }
  if (pixel_scores.empty()) return;
  PixelScores::Watch watch;
  if (options_.pictures) {
    watch = [this](const FramePair& pair, double psnr) { pictures_.offer(pair, psnr); };
  }
  meters_.push_back({"PSNR and SSIM", std::make_unique<PixelScores>(pixel_scores, protocol_,
                                                                    threads_, std::move(watch))});
  // First, so that its threads have work while the others are busy.
  std::rotate(meters_.begin(), meters_.end() - 1, meters_.end());
}

FramePair Run::align(std::int64_t index, at::Tensor output, at::Tensor reference) const {
  const std::int64_t height = result_.height;
  const std::int64_t width = result_.width;
  const auto fit = [&](const at::Tensor& frame) {
    if (frame.size(1) == height && frame.size(2) == width) return frame;
    if (protocol_.align == Align::resize) return resize_frame(frame, height, width);
    const std::int64_t top = protocol_.centred ? (frame.size(1) - height) / 2 : 0;
    const std::int64_t left = protocol_.centred ? (frame.size(2) - width) / 2 : 0;
    return frame.narrow(1, top, height).narrow(2, left, width).contiguous();
  };
  return {index, fit(output), reference.defined() ? fit(reference) : reference};
}

void Run::drop(Entry& entry, const Error& error) {
  if (is_interruption(error)) throw error;
  result_.notes.push_back(fmt::format("{} not computed: {}", entry.name, error.what()));
  entry.meter.reset();
}

// Both clips side by side to the end of the shorter one.
void Run::stream() {
  std::int64_t index = 0;
  bool output_left = false;
  bool reference_left = false;
  while (true) {
    throw_if_interrupted();
    auto output = output_.next();
    auto reference = reference_ ? reference_->next() : std::nullopt;
    output_left = output.has_value();
    reference_left = reference.has_value();
    if (!output || (reference_ && !reference)) break;
    const FramePair pair =
        align(index++, std::move(*output), reference ? std::move(*reference) : at::Tensor());
    if (options_.pictures) pictures_.add(pair);
    for (auto& entry : meters_) {
      if (!entry.meter) continue;
      try {
        entry.meter->add(pair);
      } catch (const Error& error) {
        drop(entry, error);
      }
    }
  }
  result_.frames = index;
  if (output_.damaged()) {
    refuse(
        fmt::format("{} is damaged: not all of its first {} frames could be decoded; make it again",
                    pair_.output.string(), index));
  }
  if (reference_ && reference_->damaged()) {
    refuse(
        fmt::format("{} is damaged: not all of its first {} frames could be decoded; make it again",
                    pair_.reference.string(), index));
  }
  if (index == 0) {
    refuse(fmt::format("{} has no frame in the range asked for", pair_.output.string()));
  }
  // Where the frames were counted, what is left over has been judged already.
  if (!exact_) check_end(index, output_left, reference_left);
}

void Run::check_end(std::int64_t frames, bool output_left, bool reference_left) {
  if (!reference_ || output_left == reference_left) return;
  std::int64_t more = 0;
  if (exact_) {
    more = count_frames(output_left ? pair_.output : pair_.reference, reading_) - frames;
  } else {
    more = 1 + (output_left ? output_ : *reference_).count_rest();
  }
  const std::int64_t output = frames + (output_left ? more : 0);
  const std::int64_t reference = frames + (reference_left ? more : 0);
  if (protocol_.align == Align::refuse) {
    refuse(
        fmt::format("{} has {} frames, its reference {} has {}: give --align crop to compare "
                    "the first {}",
                    pair_.output.string(), output, pair_.reference.string(), reference, frames));
  }
  result_.notes.push_back(
      fmt::format("output of {} and reference of {} frames cut to {}", output, reference, frames));
}

ClipResult Run::take() {
  stream();
  for (auto& entry : meters_) {
    if (!entry.meter) continue;
    try {
      entry.meter->finish(result_);
    } catch (const Error& error) {
      drop(entry, error);
    }
  }
  if (options_.pictures) pictures_.finish(result_, pair_.input, reading_);
  meters_.clear();
  return std::move(result_);
}

}  // namespace

ClipResult evaluate_clip(const ClipPair& pair, const EvaluationOptions& options,
                         const MetricNetworks& networks) {
  return Run(pair, options, networks).take();
}

}  // namespace oasis::eval
