#include "oasis/data/packed_samples.h"

#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <tuple>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/data/epoch_order.h"
#include "orientation_search.h"

namespace oasis::data {
namespace {

namespace fs = std::filesystem;

// Noise, so that no two places or orientations look the same. 5 frames.
TrainingSample made_sample(std::uint64_t uid, std::int64_t height = 16, std::int64_t width = 16) {
  torch::manual_seed(uid + 1);
  TrainingSample sample;
  sample.uid = uid;
  sample.hq = at::randint(256, {3, 5, height, width}).to(at::kFloat) / 127.5 - 1.0;
  sample.lq = sample.hq.slice(2, 0, height, 4).slice(3, 0, width, 4).contiguous();
  sample.origin = "clip " + std::to_string(uid);
  sample.degradation = "none";
  return sample;
}

PackedOptions crop_of(std::int64_t frames, std::int64_t height, std::int64_t width) {
  PackedOptions options;
  options.frames = frames;
  options.height = height;
  options.width = width;
  options.flip = false;
  options.seed = 1;
  return options;
}

bool same(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && (a - b).abs().max().item<float>() < 1e-6;
}

class PackedFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              ("oasis_packed_" +
               std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) +
               std::to_string(::getpid()));
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void pack(const fs::path& where, std::uint64_t first, std::uint64_t count,
            std::int64_t height = 16, std::int64_t width = 16) const {
    PackedWriter writer(where, 64);
    for (std::uint64_t n = first; n < first + count; ++n) {
      writer.add(made_sample(n, height, width), n);
    }
    writer.finish();
  }

  fs::path folder_;
};

TEST_F(PackedFolder, GivesBackWhatWasWritten) {
  PackedWriter writer(folder_, 3);
  for (std::uint64_t n = 0; n < 7; ++n) writer.add(made_sample(n), n);
  EXPECT_TRUE(writer.has(5));
  EXPECT_FALSE(writer.has(6));
  writer.finish();
  const PackedSource source(folder_, crop_of(5, 16, 16));
  ASSERT_EQ(source.epoch_size(), 7U);
  std::set<std::string> origins;
  for (std::uint64_t uid = 0; uid < 7; ++uid) {
    const TrainingSample sample = source.sample(uid);
    origins.insert(sample.origin);
    const TrainingSample wanted = made_sample(clip_of_sample(uid, 7, 1));
    EXPECT_EQ(sample.origin, wanted.origin);
    EXPECT_TRUE(same(sample.hq, wanted.hq));
    EXPECT_TRUE(same(sample.lq, wanted.lq));
    EXPECT_TRUE(sample.hq.is_contiguous() && sample.lq.is_contiguous());
  }
  EXPECT_EQ(origins.size(), 7U);
}

TEST_F(PackedFolder, SubfoldersAreOneSetInOrderOfPath) {
  pack(folder_ / "b" / "deep", 0, 2);
  pack(folder_ / "a", 2, 3);
  pack(folder_ / "c", 5, 1, 32, 48);
  const auto shards = packed_shards(folder_);
  ASSERT_EQ(shards.size(), 3U);
  EXPECT_EQ(shards[0].parent_path(), folder_ / "a");
  EXPECT_EQ(shards[1].parent_path(), folder_ / "b" / "deep");
  const PackedSource source(folder_, crop_of(5, 16, 16));
  ASSERT_EQ(source.epoch_size(), 6U);
  std::set<std::string> origins;
  for (std::uint64_t uid = 0; uid < 6; ++uid) origins.insert(source.sample(uid).origin);
  EXPECT_EQ(origins.size(), 6U);
}

TEST_F(PackedFolder, FlipsBothSidesOfHalfOfTheSamples) {
  pack(folder_, 0, 8);
  PackedOptions options = crop_of(5, 16, 16);
  const PackedSource plain(folder_, options);
  options.flip = true;
  const PackedSource flipping(folder_, options);
  int flipped = 0;
  for (std::uint64_t uid = 0; uid < 8; ++uid) {
    const TrainingSample a = plain.sample(uid);
    const TrainingSample b = flipping.sample(uid);
    const bool mirrored = at::equal(b.hq, a.hq.flip({3}));
    EXPECT_EQ(mirrored, at::equal(b.lq, a.lq.flip({3})));
    EXPECT_TRUE(mirrored || at::equal(a.hq, b.hq));
    flipped += mirrored ? 1 : 0;
  }
  EXPECT_GT(flipped, 0);
  EXPECT_LT(flipped, 8);
}

TEST_F(PackedFolder, TurnsSquareCropsInAllEightWays) {
  pack(folder_, 0, 4, 24, 32);
  PackedOptions options = crop_of(5, 16, 16);
  const PackedSource plain(folder_, options);
  options.flip = options.turn = true;
  auto counts = testing::count_orientations(plain, PackedSource(folder_, options), 160);
  EXPECT_EQ(counts.count(-1), 0U);
  for (int n = 0; n < 8; ++n) {
    EXPECT_GT(counts[n], 8) << n;
    EXPECT_LT(counts[n], 36) << n;
  }
}

TEST_F(PackedFolder, TurnsOtherCropsByMirrorsOnly) {
  pack(folder_, 0, 4, 16, 24);
  PackedOptions options = crop_of(5, 16, 24);
  const PackedSource plain(folder_, options);
  options.turn = true;
  const auto counts = testing::count_orientations(plain, PackedSource(folder_, options), 40);
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_GT(counts.at(0), 10);
  EXPECT_GT(counts.at(2), 10);
}

// Where in `whole` the crop lies, as frame, y and x in LQ pixels; -1 if nowhere.
std::tuple<int, int, int> find_crop(const TrainingSample& whole, const TrainingSample& crop) {
  const auto room = [&](int axis) {
    return static_cast<int>(whole.lq.size(axis) - crop.lq.size(axis));
  };
  const auto cut = [](const at::Tensor& clip, const at::Tensor& like, int t, int y, int x) {
    return clip.narrow(1, t, like.size(1)).narrow(2, y, like.size(2)).narrow(3, x, like.size(3));
  };
  for (int t = 0; t <= room(1); ++t) {
    for (int y = 0; y <= room(2); ++y) {
      for (int x = 0; x <= room(3); ++x) {
        if (same(cut(whole.hq, crop.hq, t, 4 * y, 4 * x), crop.hq) &&
            same(cut(whole.lq, crop.lq, t, y, x), crop.lq)) {
          return {t, y, x};
        }
      }
    }
  }
  return {-1, -1, -1};
}

TEST_F(PackedFolder, CutsPairsAtEveryWholeLqPixelAndFrame) {
  pack(folder_, 0, 3, 24, 32);
  const PackedSource source(folder_, crop_of(3, 16, 20));
  std::set<int> frames, rows, columns;
  for (std::uint64_t uid = 0; uid < 60; ++uid) {
    const TrainingSample crop = source.sample(uid);
    ASSERT_EQ(crop.hq.sizes(), (std::vector<std::int64_t>{3, 3, 16, 20}));
    ASSERT_EQ(crop.lq.sizes(), (std::vector<std::int64_t>{3, 3, 4, 5}));
    const auto [t, y, x] = find_crop(made_sample(clip_of_sample(uid, 3, 1), 24, 32), crop);
    frames.insert(t);
    rows.insert(y);
    columns.insert(x);
  }
  EXPECT_EQ(frames, (std::set<int>{0, 1, 2}));
  EXPECT_EQ(rows, (std::set<int>{0, 1, 2}));
  EXPECT_EQ(columns, (std::set<int>{0, 1, 2, 3}));
}

TEST_F(PackedFolder, ACropDependsOnSeedAndNumberAlone) {
  pack(folder_, 0, 1, 64, 64);
  PackedOptions options = crop_of(1, 16, 16);
  options.flip = options.turn = true;
  const PackedSource source(folder_, options);
  const PackedSource again(folder_, options);
  options.seed = 2;
  const PackedSource other(folder_, options);
  int differences = 0;
  for (const std::uint64_t uid : {9U, 3U, 0U, 3U}) {
    EXPECT_TRUE(at::equal(source.sample(uid).hq, again.sample(uid).hq));
    differences += at::equal(source.sample(uid).hq, other.sample(uid).hq) ? 0 : 1;
  }
  EXPECT_GT(differences, 0);
  EXPECT_FALSE(at::equal(source.sample(0).hq, source.sample(1).hq));
}

// The message of the error, empty if there is none or it has another code.
std::string refusal(const fs::path& folder, const PackedOptions& options) {
  try {
    const PackedSource source(folder, options);
  } catch (const Error& error) {
    if (error.code() == ExitCode::unreadable_input) return error.what();
  }
  return {};
}

TEST_F(PackedFolder, ASampleSmallerThanTheCropIsNamed) {
  pack(folder_ / "small", 0, 1, 16, 24);
  for (const auto& options : {crop_of(5, 32, 24), crop_of(5, 16, 28), crop_of(9, 16, 24)}) {
    const std::string message = refusal(folder_, options);
    EXPECT_NE(message.find("small/samples-000000.safetensors"), std::string::npos) << message;
    EXPECT_NE(message.find("5 frames of 24x16"), std::string::npos) << message;
    EXPECT_NE(message.find(std::to_string(options.frames) + " frames of " +
                           std::to_string(options.width) + "x" + std::to_string(options.height)),
              std::string::npos)
        << message;
    EXPECT_NE(message.find("data.width"), std::string::npos) << message;
  }
}

TEST_F(PackedFolder, AFileWithoutSamplesOrWithUnequalPairsIsNamed) {
  pack(folder_, 0, 1);
  checkpoint::write_safetensors(folder_ / "weights.safetensors", {{"w", at::zeros({2})}});
  EXPECT_NE(refusal(folder_, crop_of(5, 16, 16)).find("weights.safetensors"), std::string::npos);
  checkpoint::write_safetensors(folder_ / "weights.safetensors",
                                {{"hq.1", at::zeros({3, 5, 16, 16}, at::kByte)},
                                 {"lq.1", at::zeros({3, 5, 4, 8}, at::kByte)}});
  EXPECT_NE(refusal(folder_, crop_of(5, 16, 16)).find("weights.safetensors"), std::string::npos);
}

TEST_F(PackedFolder, AnEmptyFolderIsAnError) {
  fs::create_directories(folder_);
  EXPECT_TRUE(packed_shards(folder_).empty());
  EXPECT_FALSE(refusal(folder_, crop_of(5, 16, 16)).empty());
}

}  // namespace
}  // namespace oasis::data
