#ifdef OASIS_WITH_MEDIA

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <torch/torch.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "lossless_clip.h"
#include "oasis/model/oasis_model.h"
#include "tiny_training.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

/// scripts/train_tiny, which repeats the shipped model, shortened, with the programs of this build.
class TrainTiny : public ::testing::Test {
 protected:
  /// A lossless clip of smoothed noise that moves: 5 frames of 96x80.
  void make_clip(const std::string& name, int seed) const {
    const at::Tensor plain = testing::smooth_noise(1, 86, 104, seed)[0];
    std::vector<at::Tensor> frames;
    for (std::int64_t t = 0; t < 5; ++t) {
      frames.push_back(plain.narrow(1, t, 80).narrow(2, 2 * t, 96));
    }
    testing::write_lossless_clip(scratch_ / "clips" / name, at::stack(frames));
  }

  int run(const std::string& arguments) const {
    const int status = std::system(
        fmt::format("cd {} && OASIS_BIN_DIR={} {}/scripts/train_tiny {} >said 2>&1",
                    (scratch_ / "").string(), OASIS_BIN_DIR, OASIS_SOURCE_DIR, arguments)
            .c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string said() const {
    std::ifstream stream(scratch_ / "said");
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  /// When each file below a folder was last written.
  std::map<std::string, fs::file_time_type> times(const std::string& folder) const {
    std::map<std::string, fs::file_time_type> result;
    for (const auto& entry : fs::recursive_directory_iterator(scratch_ / folder)) {
      if (entry.is_regular_file()) result[entry.path().string()] = entry.last_write_time();
    }
    return result;
  }

  testing::Scratch scratch_;
};

TEST_F(TrainTiny, ShortMakesATrainedModelOnce) {
  make_clip("a.mkv", 1);
  make_clip("b.mkv", 2);
  const std::string arguments = "clips out --short --provenance 'two clips of noise'";
  ASSERT_EQ(run(arguments), 0) << said();
  const fs::path folder = scratch_ / "out" / "oasis-tiny";
  const model::ModelDescription about = model::read_model_description(folder);
  EXPECT_TRUE(about.trained);
  EXPECT_EQ(about.name, "oasis-tiny");
  EXPECT_EQ(about.precision, "bf16");
  EXPECT_EQ(about.provenance, "two clips of noise");
  EXPECT_EQ(about.dit, model::tiny_description().dit);
  ASSERT_TRUE(about.head_map.has_value());
  EXPECT_LT(nn::count_kinds(*about.head_map).global, 12);
  for (const auto& [name, state] : model::verify_files(folder)) {
    EXPECT_EQ(state, model::FileState::good) << name;
  }
  const torch::NoGradGuard no_grad;
  const at::Tensor lq = torch::rand({1, 3, 5, 16, 16}) * 2 - 1;
  const at::Tensor out = model::OasisModel::load(folder, {})->upscale(lq);
  EXPECT_GT((out - model::bicubic_x4(lq)).abs().max().item<double>(), 1e-3);

  const auto before = times("out");
  ASSERT_EQ(run(arguments), 0) << said();
  EXPECT_EQ(times("out"), before) << "everything was there already";
  EXPECT_EQ(run("clips out"), 2) << "OUT was made with --short";
}

TEST_F(TrainTiny, WrongUsage) {
  EXPECT_EQ(run("--help"), 0);
  EXPECT_NE(said().find("--short"), std::string::npos);
  EXPECT_EQ(run("clips"), 2);
  EXPECT_EQ(run("nowhere out"), 3);
  make_clip("a.mkv", 1);
  EXPECT_EQ(run("clips out --nonsense"), 2);
  EXPECT_EQ(run("clips out --validation nowhere"), 3);
}

}  // namespace
}  // namespace oasis::train

#endif
