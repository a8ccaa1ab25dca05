#include "bench_degrade_plain.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <random>

#include "oasis/media/codec_roundtrip.h"

namespace oasis::tools {
namespace {

using namespace degrade;

// Runs the operators of a clip one after the other.
class PlainClip {
 public:
  PlainClip(const DegradationOptions& options, const Frames& hq) : options_(options) {
    for (const cv::Mat& frame : hq) frames_.push_back(to_float(frame));
    const auto scale = static_cast<int>(options.scale);
    target_ = {hq.front().cols / scale, hq.front().rows / scale};
  }

  void operator()(const BlurPlan& plan) {
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      const BlurState& now = plan.frames[i];
      const cv::Mat kernel = blur_kernel({now.type, plan.kernel_size, now.sigma_x, now.sigma_y,
                                          now.theta, now.effective_beta(), now.omega});
      cv::Mat result;
      cv::filter2D(frames_[i], result, -1, kernel, {-1, -1}, 0, cv::BORDER_REFLECT_101);
      frames_[i] = result;
    }
  }

  void operator()(const ResizePlan& plan) {
    const cv::Size first = frames_.front().size();
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      const ResizeState& now = plan.frames[i];
      const cv::Size size = plan.to_target ? target_ : scaled_size(first, now.scale, plan.even);
      constexpr std::array flags{cv::INTER_LINEAR, cv::INTER_AREA, cv::INTER_CUBIC};
      cv::Mat result;
      cv::resize(frames_[i], result, size, 0, 0,
                 flags[static_cast<std::size_t>(now.interpolation)]);
      frames_[i] = result;
    }
  }

  void operator()(const NoisePlan& plan) {
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      const NoiseState& now = plan.frames[i];
      if (now.type == NoiseType::gaussian) {
        add_normal(frames_[i], now);
      } else {
        add_poisson_draws(frames_[i], now);
      }
    }
  }

  void operator()(const JpegPlan& plan) {
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      cv::Mat bytes;
      frames_[i].convertTo(bytes, CV_8U);
      std::vector<unsigned char> stream;
      cv::imencode(".jpg", bytes, stream, {cv::IMWRITE_JPEG_QUALITY, plan.quality[i]});
      cv::imdecode(stream, cv::IMREAD_COLOR).convertTo(frames_[i], CV_32F);
    }
  }

  void operator()(const VideoPlan& plan) {
    std::vector<media::RgbImage> clip;
    for (const cv::Mat& frame : frames_) {
      const cv::Mat bytes = quantise(frame);
      clip.push_back({bytes.cols, bytes.rows, {bytes.datastart, bytes.dataend}});
    }
    media::CodecRoundtripOptions options;
    options.encoder = plan.codec == VideoCodec::libx264 ? "libx264" : "mpeg4";
    options.bit_rate = plan.bitrate;
    options.frames_per_second = plan.frames_per_second;
    options.unbiased = options_.swscale == SwscaleMode::unbiased;
    auto decoded = media::codec_roundtrip(clip, options).frames;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      const cv::Mat bytes(decoded[i].height, decoded[i].width, CV_8UC3, decoded[i].samples.data());
      bytes.convertTo(frames_[i], CV_32F);
    }
  }

 private:
  void add_normal(cv::Mat& frame, const NoiseState& state) {
    cv::Mat noise(frame.size(), state.gray ? CV_32F : CV_32FC3);
    generator_.fill(noise, cv::RNG::NORMAL, 0, state.sigma);
    if (state.gray) cv::merge(std::array{noise.clone(), noise.clone(), noise}, noise);
    frame = frame + noise;
  }

  void add_poisson_draws(cv::Mat& frame, const NoiseState& state) {
    const PoissonField field = poisson_field(frame, state.gray);
    cv::Mat counts(field.values.size(), CV_32SC(field.values.channels()));
    std::vector<std::poisson_distribution<int>> draws;
    for (int v = 0; v < 256; ++v) {
      draws.emplace_back(std::max(poisson_rate(v, field.levels, options_.poisson), 1e-9));
    }
    const auto* v = field.values.ptr<unsigned char>();
    auto* target = counts.ptr<int>();
    const std::size_t count = counts.total() * static_cast<std::size_t>(counts.channels());
    for (std::size_t i = 0; i < count; ++i) target[i] = draws[v[i]](engine_);
    frame = add_poisson(frame, field, counts, state.poisson_scale, options_.poisson);
  }

  const DegradationOptions& options_;
  Frames frames_;
  cv::Size target_;
  cv::RNG generator_{1};
  std::mt19937 engine_{1};
};

}  // namespace

void run_plain(const DegradationOptions& options, const Plan& plan, const Frames& hq,
               std::vector<double>& seconds) {
  PlainClip clip(options, hq);
  seconds.resize(plan.operators.size());
  for (const std::size_t index : plan.order) {
    if (!plan.operators[index].applied) continue;
    const auto start = std::chrono::steady_clock::now();
    std::visit([&](const auto& drawn) { clip(drawn); }, plan.operators[index].drawn);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    seconds[index] += passed.count();
  }
}

}  // namespace oasis::tools
