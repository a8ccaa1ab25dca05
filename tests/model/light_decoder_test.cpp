#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/model/oasis_model.h"

namespace oasis::model {
namespace {

/// The layout of oasis-tiny with few channels.
TaehvConfig at_lq_size() {
  TaehvConfig config;
  config.latent_channels = 4;
  config.widths = {8, 6, 5, 7};
  config.blocks = {1, 2, 0, 2};
  config.space_upscale = {true, false, false};
  config.head_upscale = 4;
  config.condition_channels = 12;
  config.condition_frames = true;
  config.named_head = true;
  return config;
}

template <typename Network>
void randomise(const Network& network) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(11);
  for (const auto& [name, tensor] : network.parameters()) tensor.normal_(0, 0.2);
}

at::Tensor random_clip(std::int64_t frames, std::int64_t height, std::int64_t width) {
  return torch::rand({2, 3, frames, height, width}, at::kDouble) * 2 - 1;
}

class LightDecoder : public ::testing::Test {
 protected:
  LightDecoder() : decoder_(at_lq_size(), at::kDouble) {
    randomise(decoder_);
    lq_ = random_clip(9, 8, 12);
    latent_ = torch::randn({2, 4, 3, 4, 6}, at::kDouble);
  }
  at::Tensor decode(const at::Tensor& lq) const {
    return decoder_.decode(latent_, stack_frames(lq));
  }

  TaehvDecoder decoder_;
  at::Tensor lq_, latent_;
};

TEST_F(LightDecoder, HasTheSizeAndLengthOfTheClip) {
  EXPECT_EQ(decode(lq_).sizes(), at::IntArrayRef({2, 3, 9, 32, 48}));
}

TEST_F(LightDecoder, InPartsItIsTheSame) {
  const at::Tensor whole = decode(lq_);
  for (const std::int64_t step : {1, 2}) {
    const at::Tensor parts = decoder_.decode_streamed(latent_, step, stack_frames(lq_));
    EXPECT_LE((parts - whole).abs().max().item<double>(), 1e-12) << step;
  }
}

// Frames 4i-3 to 4i are one position of the condition; nothing before them may change.
TEST_F(LightDecoder, WithoutARecordForAutogradItIsTheSame) {
  const at::Tensor recorded = decode(lq_);
  const torch::NoGradGuard no_grad;
  const at::Tensor whole = decode(lq_);
  EXPECT_TRUE(at::allclose(whole, recorded, 0, 1e-12));
  const at::Tensor parts = decoder_.decode_streamed(latent_, 1, stack_frames(lq_));
  EXPECT_TRUE(at::allclose(parts, recorded, 0, 1e-12));
}

TEST_F(LightDecoder, SeesNothingOfLaterGroups) {
  at::Tensor changed = lq_.clone();
  changed.select(2, 5).add_(0.5);
  const at::Tensor difference = (decode(changed) - decode(lq_)).abs().amax({0, 1, 3, 4});
  EXPECT_EQ(difference.narrow(0, 0, 5).max().item<double>(), 0);
  EXPECT_GT(difference[5].item<double>(), 0);
}

// With the first way of the condition cut, a frame reaches its own output, and by the memory of the
// blocks behind it the next ones, but never an earlier one.
TEST_F(LightDecoder, JoinsEachFrameToItsOwn) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : decoder_.parameters()) {
    if (name == "decoder.6.weight") tensor.narrow(1, 8, 12).zero_();
  }
  for (const std::int64_t frame : {0, 3, 6}) {
    at::Tensor changed = lq_.clone();
    changed.select(2, frame).add_(0.5);
    const at::Tensor difference = (decode(changed) - decode(lq_)).abs().amax({0, 1, 3, 4});
    for (std::int64_t t = 0; t < 9; ++t) {
      // Two blocks at the full rate, each with one frame of memory; the mirrored frame 3 stands
      // three frames before frame 0.
      const bool reached = t >= frame && t <= frame + 2;
      EXPECT_EQ(difference[t].item<double>() > 0, reached) << frame << " -> " << t;
    }
  }
}

TEST_F(LightDecoder, TheLastLayerPlacesItsChannelsAsPixels) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : decoder_.parameters()) {
    if (name == "head.weight") tensor.zero_();
    if (name == "head.bias") tensor.copy_(torch::arange(48, at::kDouble));
  }
  const at::Tensor out = decode(lq_);
  for (std::int64_t channel = 0; channel < 3; ++channel) {
    for (std::int64_t y = 0; y < 4; ++y) {
      for (std::int64_t x = 0; x < 4; ++x) {
        EXPECT_EQ(out[1][channel][4][8 + y][12 + x].item<double>(),
                  static_cast<double>(16 * channel + 4 * y + x));
      }
    }
  }
}

TEST(LightDecoderConfig, ImpossibleOnesAreRefused) {
  const auto refused = [](const std::function<void(TaehvConfig&)>& change) {
    TaehvConfig config = at_lq_size();
    change(config);
    EXPECT_THROW(validate(config), Error);
  };
  EXPECT_NO_THROW(validate(at_lq_size()));
  refused([](TaehvConfig& c) { c.widths[2] = 0; });
  refused([](TaehvConfig& c) { c.blocks[0] = -1; });
  refused([](TaehvConfig& c) { c.head_upscale = 0; });
  refused([](TaehvConfig& c) { c.space_upscale = {true, true, false}; });
  refused([](TaehvConfig& c) { c.time_upscale = {true, true, false}; });
  refused([](TaehvConfig& c) { c.condition_channels = 0; });
}

TEST(FrameCnnTest, SeesEachFrameAlone) {
  const FrameCnn network({6, 2}, at::kDouble);
  randomise(network);
  const at::Tensor lq = random_clip(5, 8, 6);
  const at::Tensor out = network.forward(lq, 100);
  ASSERT_EQ(out.sizes(), at::IntArrayRef({2, 3, 5, 32, 24}));
  EXPECT_LE((network.forward(lq, 3) - out).abs().max().item<double>(), 1e-12);
  at::Tensor changed = lq.clone();
  changed[1].select(1, 2).add_(0.5);
  const at::Tensor difference = (network.forward(changed, 100) - out).abs().amax({1, 3, 4});
  EXPECT_EQ(difference[0].max().item<double>(), 0);
  EXPECT_GT(difference[1][2].item<double>(), 0);
  difference[1][2] = 0;
  EXPECT_EQ(difference.max().item<double>(), 0);
}

TEST(FrameCnnTest, NeedsAWidthAndABlock) {
  EXPECT_THROW(FrameCnn({0, 1}, at::kFloat), Error);
  EXPECT_THROW(FrameCnn({8, 0}, at::kFloat), Error);
}

/// Folders made of a description, removed at the end.
class LightModels : public ::testing::Test {
 protected:
  LightModels()
      : folder_(std::filesystem::temp_directory_path() /
                ("oasis_light_" + std::to_string(::getpid()))) {}
  ~LightModels() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(LightModels, ABaselineBeginsAsBicubicAndKeepsItsDescription) {
  ModelDescription about = nano_description();
  about.decoder = DecoderKind::frame_cnn;
  about.frame_cnn = {8, 2};
  initialise_model_folder(folder_, about, 1);
  const ModelDescription read = read_model_description(folder_);
  EXPECT_EQ(read.decoder, DecoderKind::frame_cnn);
  EXPECT_EQ(read.frame_cnn.width, 8);
  EXPECT_EQ(read.frame_cnn.blocks, 2);
  const auto model = OasisModel::load(folder_, {});
  const at::Tensor lq = random_clip(5, 16, 16).to(at::kFloat);
  EXPECT_LE((model->upscale(lq) - bicubic_x4(lq)).abs().max().item<double>(), 1e-5);
}

#ifdef OASIS_WITH_MEDIA
/// A clip whose picture moves, and its decoder with and without `align`, in the same weights.
class LightDecoderAligned : public ::testing::Test {
 protected:
  static TaehvConfig config(bool align) {
    TaehvConfig config = at_lq_size();
    config.condition_neighbours = 1;
    config.align = align;
    return config;
  }
  LightDecoderAligned() : aligned_(config(true), at::kDouble), plain_(config(false), at::kDouble) {
    randomise(aligned_);
    randomise(plain_);
    torch::manual_seed(12);
    const at::Tensor scene = at::upsample_bicubic2d(
        torch::rand({1, 3, 12, 16}, at::kDouble) * 2 - 1, {48, 64}, /*align_corners=*/false);
    std::vector<at::Tensor> frames;
    for (std::int64_t t = 0; t < 9; ++t) {
      frames.push_back(scene.narrow(2, 0, 32).narrow(3, 2 * t, 40));
    }
    lq_ = at::stack(frames, 2);
    latent_ = torch::randn({1, 4, 3, 16, 20}, at::kDouble);
  }

  TaehvDecoder aligned_, plain_;
  at::Tensor lq_, latent_;
};

TEST_F(LightDecoderAligned, InPartsItIsTheSame) {
  const at::Tensor whole = aligned_.decode(latent_, stack_frames(lq_));
  const at::Tensor parts = aligned_.decode_streamed(latent_, 1, stack_frames(lq_));
  EXPECT_LE((whole - parts).abs().max().item<double>(), 1e-9);
  EXPECT_GT((whole - plain_.decode(latent_, stack_frames(lq_))).abs().max().item<double>(), 1e-3);
}

TEST_F(LightDecoderAligned, WhereNothingMovesAlignmentChangesNothing) {
  const at::Tensor still = stack_frames(lq_.narrow(2, 0, 1).expand_as(lq_));
  const at::Tensor plain = plain_.decode(latent_, still);
  const at::Tensor difference = (aligned_.decode(latent_, still) - plain).abs();
  // The places of pixels are worked out in float32.
  EXPECT_LE((difference / plain.abs().max()).max().item<double>(), 1e-5);
}

TEST_F(LightDecoderAligned, WithAndWithoutGradientsItIsTheSame) {
  TaehvDecoder half(config(true), at::kFloat);
  randomise(half);
  const at::Tensor latent = latent_.to(at::kFloat);
  const at::Tensor condition = stack_frames(lq_).to(at::kFloat);
  const at::Tensor recorded = half.decode(latent, condition);
  const torch::NoGradGuard no_grad;
  EXPECT_LE((half.decode(latent, condition) - recorded).abs().max().item<double>(), 1e-4);
}
#endif

// Biases far below 0 leave nothing of a ReLU network, and no gradient that could bring it back.
TEST(LightDecoderSlope, KeepsWhatTheBiasesWouldSwitchOff) {
  for (const double slope : {0.0, 0.1}) {
    TaehvConfig config = at_lq_size();
    config.negative_slope = slope;
    const TaehvDecoder decoder(config, at::kDouble);
    randomise(decoder);
    {
      const torch::NoGradGuard no_grad;
      for (const auto& [name, tensor] : decoder.parameters()) {
        if (name.ends_with("bias") && !name.starts_with("head")) tensor.fill_(-100);
      }
    }
    const at::Tensor latent = torch::randn({1, 4, 2, 4, 6}, at::kDouble).requires_grad_(true);
    decoder.decode(latent, stack_frames(random_clip(5, 8, 12).narrow(0, 0, 1))).sum().backward();
    EXPECT_EQ(latent.grad().abs().max().item<double>() > 0, slope > 0) << slope;
  }
}

TEST(LightDecoderNeighbours, InPartsAreTheSame) {
  TaehvConfig config = at_lq_size();
  config.condition_neighbours = 2;
  const TaehvDecoder decoder(config, at::kDouble);
  randomise(decoder);
  const at::Tensor condition = stack_frames(random_clip(9, 8, 12));
  const at::Tensor latent = torch::randn({2, 4, 3, 4, 6}, at::kDouble);
  const at::Tensor whole = decoder.decode(latent, condition);
  for (const std::int64_t step : {1, 2}) {
    const at::Tensor parts = decoder.decode_streamed(latent, step, condition);
    EXPECT_LE((parts - whole).abs().max().item<double>(), 1e-12) << step;
  }
}

// Without blocks and without the condition of the first join a frame depends on its neighbours
// alone.
TEST(LightDecoderNeighbours, AreSeenOnBothSidesAndMirroredAtTheEnds) {
  TaehvConfig config = at_lq_size();
  config.blocks = {0, 0, 0, 0};
  config.condition_neighbours = 2;
  const TaehvDecoder decoder(config, at::kDouble);
  randomise(decoder);
  for (const auto& [name, tensor] : decoder.parameters()) {
    if (tensor.size(0) == config.widths[1] && tensor.size(1) == config.widths[0] + 12) {
      const torch::NoGradGuard no_grad;
      tensor.narrow(1, config.widths[0], 12).zero_();
    }
  }
  const at::Tensor latent = torch::randn({1, 4, 3, 4, 6}, at::kDouble);
  const at::Tensor lq = random_clip(9, 8, 12).narrow(0, 0, 1).requires_grad_(true);
  const at::Tensor out = decoder.decode(latent, stack_frames(lq));
  const std::vector<std::vector<std::int64_t>> seen_by = {
      {0, 1, 2}, {0, 1, 2, 3}, {0, 1, 2, 3, 4}, {1, 2, 3, 4, 5}};
  for (std::size_t frame = 0; frame < seen_by.size(); ++frame) {
    const at::Tensor of_frame = out.select(2, static_cast<std::int64_t>(frame)).sum();
    const at::Tensor seen =
        torch::autograd::grad({of_frame}, {lq}, {}, /*retain_graph=*/true)[0].abs().amax(
            {0, 1, 3, 4});
    for (std::int64_t t = 0; t < 9; ++t) {
      const bool expected = std::count(seen_by[frame].begin(), seen_by[frame].end(), t) > 0;
      EXPECT_EQ(seen[t].item<double>() > 0, expected) << "frame " << frame << " of " << t;
    }
  }
  const at::Tensor last = out.select(2, 8).sum();
  const at::Tensor seen = torch::autograd::grad({last}, {lq})[0].abs().amax({0, 1, 3, 4});
  for (std::int64_t t = 0; t < 9; ++t) EXPECT_EQ(seen[t].item<double>() > 0, t >= 6) << t;
}

TEST(LightDecoderNeighbours, NeedTheFrames) {
  TaehvConfig config = at_lq_size();
  config.condition_frames = false;
  config.condition_neighbours = 1;
  EXPECT_THROW(validate(config), Error);
  config.condition_frames = true;
  config.condition_neighbours = -1;
  EXPECT_THROW(validate(config), Error);
  config.condition_neighbours = 0;
  config.align = true;
  EXPECT_THROW(validate(config), Error);
}

TEST(LightDecoderSlope, IsAtLeastZeroAndBelowOne) {
  for (const double slope : {-0.1, 1.0}) {
    TaehvConfig config = at_lq_size();
    config.negative_slope = slope;
    EXPECT_THROW(validate(config), Error) << slope;
  }
}

TEST_F(LightModels, ADecoderAtLqSizeKeepsItsDescription) {
  ModelDescription about = nano_description();
  about.taehv = at_lq_size();
  about.taehv.latent_channels = about.vae.z_dim;
  about.taehv.condition_neighbours = 1;
  about.taehv.negative_slope = 0.2;
  initialise_model_folder(folder_, about, 1);
  const TaehvConfig read = read_model_description(folder_).taehv;
  EXPECT_EQ(read.negative_slope, 0.2);
  EXPECT_EQ(read.condition_neighbours, 1);
  EXPECT_EQ(read.blocks, about.taehv.blocks);
  EXPECT_EQ(read.head_upscale, 4);
  EXPECT_EQ(read.space_upscale, about.taehv.space_upscale);
  EXPECT_TRUE(read.condition_frames);
  const auto model = OasisModel::load(folder_, {});
  const at::Tensor lq = random_clip(5, 16, 16).to(at::kFloat);
  EXPECT_LE((model->upscale(lq) - bicubic_x4(lq)).abs().max().item<double>(), 1e-5);
}

TEST_F(LightModels, AnAlignedDecoderKeepsItsDescription) {
  ModelDescription about = nano_description();
  about.taehv = at_lq_size();
  about.taehv.latent_channels = about.vae.z_dim;
  about.taehv.condition_neighbours = 1;
  about.taehv.align = true;
  initialise_model_folder(folder_, about, 1);
  EXPECT_TRUE(read_model_description(folder_).taehv.align);
}

TEST_F(LightModels, ADecoderOfTheLatentAloneBeginsAtBicubicToo) {
  ModelDescription about = nano_description();
  about.taehv = at_lq_size();
  about.taehv.latent_channels = about.vae.z_dim;
  about.taehv.condition_channels = 0;
  about.taehv.condition_frames = false;
  initialise_model_folder(folder_, about, 1);
  EXPECT_EQ(read_model_description(folder_).taehv.condition_channels, 0);
  const auto model = OasisModel::load(folder_, {});
  const at::Tensor lq = random_clip(5, 16, 16).to(at::kFloat);
  EXPECT_LE((model->upscale(lq) - bicubic_x4(lq)).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace oasis::model
