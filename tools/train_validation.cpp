#include "train_validation.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <memory>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "oasis/core/log.h"
#include "oasis/data/video_source.h"
#include "oasis/flow/dis_flow.h"
#include "oasis/metrics/ewarp.h"
#include "oasis/metrics/psnr.h"
#include "oasis/metrics/ssim.h"
#include "oasis/model/oasis_model.h"
#include "train_source.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;

// Far from the numbers of training samples.
constexpr std::uint64_t kFirstUid = std::uint64_t{1} << 40;

at::Tensor to_code_values(const at::Tensor& video) {
  return ((video.to(at::kFloat) + 1.0) * 127.5).round().clamp(0, 255);
}

/// Means over frames, or pairs of frames, of one clip.
struct Scores {
  double psnr = 0;   ///< of BT.601 luma of the 8-bit pictures, dB
  double ssim = 0;   ///< likewise
  double ewarp = 0;  ///< E*, `clean` mode, flow of the clip itself by DIS; 0 for a single frame

  Scores& operator+=(const Scores& other) {
    psnr += other.psnr;
    ssim += other.ssim;
    ewarp += other.ewarp;
    return *this;
  }
};

// Code values [3, T, H, W].
Scores scores_of(const at::Tensor& video, const at::Tensor& truth) {
  const auto frames = [](const at::Tensor& v) {
    return v.to(at::kByte).transpose(0, 1).contiguous();
  };
  const metrics::ScoreOptions luma{metrics::ScoreVariant::basicsr, metrics::ScoreChannels::y_bt601};
  const at::Tensor ours = frames(video);
  Scores scores;
  scores.psnr = metrics::psnr(ours, frames(truth), luma).clamp_max(100).mean().item<double>();
  scores.ssim = metrics::ssim(ours, frames(truth), luma).mean().item<double>();
  if (ours.size(0) > 1) {
    flow::DisFlow dis;
    const auto flows = dis.estimate(ours.to(at::kFloat) / 127.5 - 1.0);
    scores.ewarp =
        1000 *
        metrics::ewarp(ours, flows.forward, flows.backward, metrics::EwarpMode::clean).mean();
  }
  return scores;
}

cv::Mat picture(const at::Tensor& code_values, std::int64_t t) {
  const at::Tensor bytes =
      code_values.select(1, t).to(at::kByte).flip({0}).permute({1, 2, 0}).contiguous();
  return cv::Mat(static_cast<int>(bytes.size(0)), static_cast<int>(bytes.size(1)), CV_8UC3,
                 bytes.data_ptr())
      .clone();
}

class Clips {
 public:
  Clips(const train::TrainConfig& config, c10::Device device)
      : device_(device), folder_(config.output / "pictures") {
    data::IndexOptions indexing;
    indexing.least_width = static_cast<int>(config.data.width);
    indexing.least_height = static_cast<int>(config.data.height);
    indexing.stills = false;
    const data::ClipIndex index =
        data::index_clips(config.data.validation, indexing, config.output / "validation.json");
    data::VideoSource::Options options;
    options.crop.frames = static_cast<int>((config.validation_frames - 1) / 4 * 4 + 1);
    options.crop.width = static_cast<int>(config.data.width);
    options.crop.height = static_cast<int>(config.data.height);
    options.crop.margin = 1.0;
    options.crop.extra_frames = 0;
    options.crop.flip = false;
    options.seed = 0;
    const data::VideoSource source(index, options, make_pipeline(config.degradation));
    for (std::size_t i = 0; i < index.clips.size(); ++i) {
      samples_.push_back(source.sample(kFirstUid / index.clips.size() * index.clips.size() + i));
    }
    fs::create_directories(folder_);
    log::info("{} validation clips", samples_.size());
  }

  train::ValidationResult score(train::TrainableModel& model, std::int64_t step) const {
    Scores ours;
    Scores plain;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const data::TrainingSample& sample = samples_[i];
      const at::Tensor lq = sample.lq.unsqueeze(0).to(device_);
      const at::Tensor output = to_code_values(model.forward(lq).video[0].cpu());
      const at::Tensor bicubic = to_code_values(model::bicubic_x4(lq)[0].cpu());
      const at::Tensor truth = to_code_values(sample.hq);
      ours += scores_of(output, truth);
      plain += scores_of(bicubic, truth);
      write_picture(bicubic, output, truth, i, step);
    }
    const auto mean = [this](double sum) { return sum / static_cast<double>(samples_.size()); };
    log::info(
        "step {}: PSNR-Y {:.2f} dB, bicubic {:.2f} dB ({:+.2f}); SSIM-Y {:.4f} ({:+.4f}); E*_warp "
        "{:.2f} ({:+.2f})",
        step, mean(ours.psnr), mean(plain.psnr), mean(ours.psnr - plain.psnr), mean(ours.ssim),
        mean(ours.ssim - plain.ssim), mean(ours.ewarp), mean(ours.ewarp - plain.ewarp));
    return {mean(ours.psnr),
            {{"validation/psnr_y", mean(ours.psnr)},
             {"validation/gain_db", mean(ours.psnr - plain.psnr)},
             {"validation/ssim_y", mean(ours.ssim)},
             {"validation/ewarp", mean(ours.ewarp)},
             {"validation/ewarp_bicubic", mean(plain.ewarp)}}};
  }

 private:
  void write_picture(const at::Tensor& before, const at::Tensor& after, const at::Tensor& truth,
                     std::size_t clip, std::int64_t step) const {
    const std::int64_t middle = truth.size(1) / 2;
    cv::Mat row;
    cv::hconcat(std::vector<cv::Mat>{picture(before, middle), picture(after, middle),
                                     picture(truth, middle)},
                row);
    cv::imwrite((folder_ / fmt::format("clip{:02}-step{:07}.png", clip, step)).string(), row);
  }

  c10::Device device_;
  fs::path folder_;
  std::vector<data::TrainingSample> samples_;
};

}  // namespace

train::Validation make_validation(const train::TrainConfig& config, c10::Device device, int rank) {
  if (config.data.validation.empty()) return {};
  if (rank != 0) {
    return [](train::TrainableModel&, std::int64_t) { return train::ValidationResult{}; };
  }
  const auto clips = std::make_shared<Clips>(config, device);
  return [clips](train::TrainableModel& model, std::int64_t step) {
    return clips->score(model, step);
  };
}

}  // namespace oasis::tools
