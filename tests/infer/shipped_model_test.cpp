#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "oasis/media/video_reader.h"
#include "oasis/model/oasis_model.h"

// The folder models/oasis-tiny of this repository, as users get it.

namespace oasis::infer {
namespace {

namespace fs = std::filesystem;

const fs::path shipped = fs::path(OASIS_SOURCE_DIR) / "models" / "oasis-tiny";

/// The first frames of the sample clip: `[3, count, H, W]` in [-1, 1].
at::Tensor sample_frames(int count) {
  media::ReaderOptions options;
  options.quiet = true;
  const auto reader =
      media::VideoReader::open(fs::path(OASIS_SOURCE_DIR) / "samples" / "sample.mp4", options);
  std::vector<at::Tensor> frames;
  for (media::Frame frame; static_cast<int>(frames.size()) < count && reader->next(frame);) {
    frames.push_back(
        at::from_blob(frame.rgb.data(), {3, frame.height, frame.width}, at::kFloat).clone());
  }
  return at::stack(frames, 1) * 2 - 1;
}

at::Tensor code_values(const at::Tensor& video) {
  return ((video + 1) * 127.5).round().clamp(0, 255);
}

/// Antialiased bicubic / 4 of every frame, in 8 bits.
at::Tensor quarter(const at::Tensor& hq) {
  const at::Tensor small = at::_upsample_bicubic2d_aa(
      hq.transpose(0, 1).contiguous(), {hq.size(2) / 4, hq.size(3) / 4}, /*align_corners=*/false);
  return code_values(small.transpose(0, 1)) / 127.5 - 1;
}

/// Of BT.601 luma of the 8-bit pictures less its mean, mean over the frames, dB.
double centred_psnr_y(const at::Tensor& video, const at::Tensor& truth) {
  const auto luma = [](const at::Tensor& v) {
    return 16 + (65.481 * v[0] + 128.553 * v[1] + 24.966 * v[2]) / 255;
  };
  at::Tensor error = luma(code_values(video)) - luma(code_values(truth));
  error = error - error.mean({1, 2}, /*keepdim=*/true);
  return (10 * at::log10(255.0 * 255.0 / error.square().mean({1, 2}))).mean().item<double>();
}

TEST(ShippedModel, IsWholeSmallAndTrained) {
  for (const auto& [name, state] : model::verify_files(shipped)) {
    EXPECT_EQ(state, model::FileState::good) << name;
  }
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(shipped)) bytes += entry.file_size();
  EXPECT_LE(bytes, 8000000U);
  const model::ModelDescription about = model::read_model_description(shipped);
  EXPECT_TRUE(about.trained);
  EXPECT_EQ(about.name, "oasis-tiny");
  EXPECT_EQ(about.dit, model::tiny_description().dit);
  EXPECT_TRUE(about.head_map.has_value());
  EXPECT_FALSE(about.licence.empty());
  EXPECT_FALSE(about.provenance.empty());
}

/// Centred PSNR-Y over bicubic's on five frames of the sample clip, shrunk to a quarter and with so
/// many code values of noise, dB.
double gain_on_sample(double noise) {
  const torch::NoGradGuard no_grad;
  const at::Tensor hq = sample_frames(5);
  torch::manual_seed(1);
  const at::Tensor small = quarter(hq);
  const at::Tensor noisy = small + torch::randn(small.sizes()) * (noise / 127.5);
  const at::Tensor lq = (code_values(noisy) / 127.5 - 1).unsqueeze(0);
  const at::Tensor restored = model::OasisModel::load(shipped, {})->upscale(lq)[0];
  return centred_psnr_y(restored, hq) - centred_psnr_y(model::bicubic_x4(lq)[0], hq);
}

TEST(ShippedModel, SharpensACleanSample) { EXPECT_GT(gain_on_sample(0), 0.0); }

// As of a small camera indoors.
TEST(ShippedModel, CleansANoisySample) { EXPECT_GT(gain_on_sample(8), 0.0); }

// A decoder whose units before the last level are off for every input ignores its latent, and the
// routed transformer is only weight. How much it is worth is another matter: docs/oasis-tiny.md.
TEST(ShippedModel, ItsTransformerReachesThePicture) {
  const torch::NoGradGuard no_grad;
  const at::Tensor lq = quarter(sample_frames(5)).unsqueeze(0);
  const auto model = model::OasisModel::load(shipped, {});
  const at::Tensor latent = model->project(lq);
  const at::Tensor with = model->decode(model->restore(latent), lq)[0];
  const at::Tensor without = model->decode(latent, lq)[0];
  const at::Tensor change = (code_values(with) - code_values(without)).abs();
  EXPECT_GE(change.max().item<double>(), 1.0);
  EXPECT_GT(change.mean().item<double>(), 0.01);
}

}  // namespace
}  // namespace oasis::infer
