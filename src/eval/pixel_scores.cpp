#include "eval/pixel_scores.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <omp.h>

#include <algorithm>
#include <utility>

#include "oasis/metrics/psnr.h"
#include "oasis/metrics/psnr_centred.h"
#include "oasis/metrics/ssim.h"

namespace oasis::eval {
namespace {

constexpr const char* kCentred = "psnr_y_centred";

metrics::ScoreOptions options_of(const std::string& metric, const Protocol& protocol) {
  const bool psnr = metric.rfind("psnr", 0) == 0;
  const bool luma = metric != "psnr_rgb" && metric != "ssim_rgb";
  return {psnr ? protocol.psnr : protocol.ssim,
          luma ? (psnr ? protocol.psnr_y : protocol.ssim_y) : metrics::ScoreChannels::rgb,
          protocol.border};
}

at::Tensor scores_of(const std::string& metric, const at::Tensor& output,
                     const at::Tensor& reference, const metrics::ScoreOptions& options) {
  if (metric == kCentred) return metrics::psnr_centred(output, reference, options);
  if (metric.rfind("psnr", 0) == 0) return metrics::psnr(output, reference, options);
  return metrics::ssim(output, reference, options);
}

double score_of(const std::string& metric, const FramePair& pair, const Protocol& protocol) {
  return scores_of(metric, pair.output.unsqueeze(0), pair.reference.unsqueeze(0),
                   options_of(metric, protocol))
      .item<double>();
}

}  // namespace

PixelScores::PixelScores(std::vector<std::string> metrics, const Protocol& protocol, int threads,
                         Watch watch)
    : metrics_(std::move(metrics)),
      protocol_(protocol),
      watch_(std::move(watch)),
      queue_(static_cast<std::size_t>(threads) + 1),
      scores_(metrics_.size()) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

PixelScores::~PixelScores() {
  queue_.cancel();
  close();
}

void PixelScores::close() {
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void PixelScores::work() {
  // The frames share the processors already: within a frame this thread works alone.
  at::get_num_threads();
  omp_set_num_threads(1);
  const c10::InferenceMode frozen;
  while (const auto pair = queue_.pop()) {
    try {
      score(*pair);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      queue_.cancel();
    }
  }
}

void PixelScores::score(const FramePair& pair) {
  std::vector<double> found;
  for (const auto& metric : metrics_) found.push_back(score_of(metric, pair, protocol_));
  const auto at = static_cast<std::size_t>(pair.index);
  const std::lock_guard lock(mutex_);
  const double* seen = nullptr;
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    if (scores_[i].size() <= at) scores_[i].resize(at + 1);
    scores_[i][at] = found[i];
    if (metrics_[i].rfind("psnr", 0) == 0 && metrics_[i] != kCentred) seen = &found[i];
  }
  if (seen != nullptr && watch_) watch_(pair, *seen);
}

void PixelScores::add(const FramePair& pair) {
  if (queue_.push(pair)) return;
  close();
  std::rethrow_exception(error_);
}

void PixelScores::finish(ClipResult& result) {
  queue_.close();
  close();
  if (error_) std::rethrow_exception(error_);
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    result.scores[metrics_[i]] = mean_score(scores_[i], protocol_.decimals);
    result.per_frame[metrics_[i]] = std::move(scores_[i]);
  }
}

}  // namespace oasis::eval
