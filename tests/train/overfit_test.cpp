#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <filesystem>

#include "oasis/data/video_source.h"
#include "oasis/model/oasis_model.h"
#include "oasis/train/trainer.h"

// Learns one clip by heart: a trainer whose gradients are wrong, or do not reach some part, cannot.

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 192;
constexpr int kFrames = 5;

// 5 frames of 192x192 of samples/sample.mp4; LQ is antialiased bicubic / 4 in 8 bits.
data::TrainingSample sample_clip(const fs::path& folder) {
  data::IndexOptions indexing;
  indexing.least_width = kSide;
  indexing.least_height = kSide;
  const auto index = data::index_clips(fs::path(OASIS_SOURCE_DIR) / "samples" / "sample.mp4",
                                       indexing, folder / "index.json");
  data::VideoSource::Options options;
  options.crop = {.frames = kFrames,
                  .width = kSide,
                  .height = kSide,
                  .margin = 1.0,
                  .extra_frames = 0,
                  .flip = false};
  return data::VideoSource(index, options, nullptr).sample(0);
}

class OneClip : public data::SampleSource {
 public:
  explicit OneClip(data::TrainingSample sample) : sample_(std::move(sample)) {}
  data::TrainingSample sample(std::uint64_t) const override { return sample_; }
  std::size_t epoch_size() const override { return 1; }
  std::size_t damaged() const override { return 0; }

 private:
  data::TrainingSample sample_;
};

at::Tensor code_values(const at::Tensor& video) {
  return ((video.to(at::kDouble) + 1) * 127.5).round().clamp(0, 255);
}

// Of BT.601 luma of the 8-bit pictures, dB.
double psnr_y(const at::Tensor& video, const at::Tensor& truth) {
  const auto luma = [](const at::Tensor& v) {
    return 16 + (65.481 * v[0] + 128.553 * v[1] + 24.966 * v[2]) / 255;
  };
  const at::Tensor error = luma(code_values(video)) - luma(code_values(truth));
  return (10 * at::log10(255.0 * 255.0 / error.square().mean({1, 2}))).mean().item<double>();
}

TEST(Overfit, OneClipIsLearntByHeart) {
  const fs::path folder =
      fs::temp_directory_path() / ("oasis_overfit_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const data::TrainingSample sample = sample_clip(folder);
  model::initialise_model_folder(folder / "start", model::nano_description(), 1);

  TrainConfig config;
  config.output = folder / "run";
  config.start = folder / "start";
  config.head_map = "start";
  config.parts = TrainedParts::all;
  config.steps = 120;
  config.save_every = 1000;
  config.validate_every = 1000;
  config.global_batch = 1;
  config.data.threads = 1;
  config.loss.latent = 0;
  config.loss.warp = 0;
  config.optimizer.rate = {3e-3, RateShape::cosine, 10, config.steps};
  config.optimizer.max_grad_norm = 1.0;
  config.optimizer.weight_decay = 0;
  Trainer(config, std::make_shared<OneClip>(sample), c10::Device(c10::kCPU), single_process(), {})
      .run();

  const torch::NoGradGuard no_grad;
  const auto model = model::OasisModel::load(config.output / "model", {});
  const at::Tensor lq = sample.lq.unsqueeze(0);
  const double bicubic = psnr_y(model::bicubic_x4(lq)[0], sample.hq);
  const double learnt = psnr_y(model->upscale(lq)[0], sample.hq);
  EXPECT_GE(learnt, bicubic + 5.0) << "bicubic " << bicubic;
  RecordProperty("gain_db", std::to_string(learnt - bicubic));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace oasis::train
