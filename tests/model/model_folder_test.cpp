#include "oasis/model/model_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <torch/torch.h>

#include <fstream>

#include "../checkpoint/peak_memory.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/model/oasis_model.h"

namespace oasis::model {
namespace {

namespace fs = std::filesystem;

/// A fresh small model per test.
class ModelFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "oasis-folder-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    initialise_model_folder(folder_, nano_description(), 7);
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// The message of the error of that code; empty if there is none.
  template <typename Action>
  static std::string error_of(ExitCode code, Action action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    return {};
  }

  std::string loading_error(ExitCode code) const {
    return error_of(code, [&] { OasisModel::load(folder_, {}); });
  }

  void append(const std::string& file, const std::string& text) const {
    std::ofstream(folder_ / file, std::ios::app | std::ios::binary) << text;
  }

  /// Gives the zero head values, so that attention shows in the velocity.
  void wake_the_head() const {
    auto weights = checkpoint::load_safetensors(folder_ / "dit.safetensors");
    torch::manual_seed(5);
    weights["head.head.weight"] = torch::randn_like(weights["head.head.weight"]);
    checkpoint::write_safetensors(folder_ / "dit.safetensors", weights);
    write_model_description(folder_, read_model_description(folder_));
  }

  fs::path folder_;
};

TEST_F(ModelFolder, TheDescriptionSurvivesARoundTrip) {
  ModelDescription about = read_model_description(folder_);
  about.name = "a name: with \"marks\" and \\";
  about.provenance = "made of 'nothing' # at all";
  about.trained = true;
  about.sigma = 0.625;
  about.head_map->window = about.window = {1, 7, 3};
  about.head_map->score = "forward_floor";
  write_model_description(folder_, about);
  const ModelDescription read = read_model_description(folder_);
  EXPECT_EQ(read.name, about.name);
  EXPECT_EQ(read.provenance, about.provenance);
  EXPECT_TRUE(read.trained);
  EXPECT_EQ(read.sigma, 0.625);
  EXPECT_EQ(read.dit, about.dit);
  EXPECT_EQ(read.window.rows, 7);
  ASSERT_TRUE(read.head_map.has_value());
  EXPECT_EQ(read.head_map->layers, about.head_map->layers);
  EXPECT_EQ(read.head_map->score, "forward_floor");
  EXPECT_EQ(read.files.size(), 3U);
}

TEST_F(ModelFolder, TheHeadMapDecidesHowHeadsSee) {
  wake_the_head();
  torch::manual_seed(3);
  const at::Tensor z = torch::randn({1, 16, 5, 16, 16});
  const at::Tensor routed = OasisModel::load(folder_, {})->restore(z);
  ModelDescription about = read_model_description(folder_);
  about.head_map = nn::all_global(about.dit.layers, about.dit.num_heads);
  write_model_description(folder_, about);
  const at::Tensor global = OasisModel::load(folder_, {})->restore(z);
  fs::remove(folder_ / "head_map.yaml");
  EXPECT_TRUE(OasisModel::load(folder_, {})->restore(z).equal(global));
  EXPECT_GT((routed - global).abs().max().item<double>(), 1e-3);
}

TEST_F(ModelFolder, LoadingNeedsOneCopyOfTheWeights) {
  ModelDescription about = nano_description();
  about.dit.dim = 256;
  about.dit.layers = 8;
  about.dit.ffn_dim = 1024;
  about.head_map.reset();
  const fs::path large = folder_ / "large";
  initialise_model_folder(large, about, 7);
  const auto bytes = static_cast<double>(fs::file_size(large / "dit.safetensors") +
                                         fs::file_size(large / "decoder.safetensors"));
  ASSERT_GT(bytes, 30e6);
  OasisModel::load(folder_, {});  // what is made once and kept does not count
  const std::int64_t before = testing::begin_measuring();
  const auto model = OasisModel::load(large, {});
  EXPECT_LE(static_cast<double>(testing::status_bytes("VmHWM") - before), 1.2 * bytes);
}

TEST_F(ModelFolder, AHeadMapForAnotherModelIsRefused) {
  const auto path = folder_ / "head_map.yaml";
  nn::write_head_map(path, nn::all_global(3, 2));
  EXPECT_NE(loading_error(ExitCode::usage).find("head_map.yaml"), std::string::npos);
  nn::write_head_map(path, nn::all_global(2, 4));
  EXPECT_NE(loading_error(ExitCode::usage).find("4 heads"), std::string::npos);
  ModelDescription about = nano_description();
  about.head_map = nn::all_global(9, 2);
  EXPECT_THROW(write_model_description(folder_, about), Error);
}

TEST_F(ModelFolder, AListedFileThatIsMissingIsRefused) {
  fs::copy(folder_ / "dit.safetensors", folder_ / "dit_ema.safetensors");
  fs::copy(folder_ / "dit.safetensors", folder_ / "vae_encoder.safetensors");
  write_model_description(folder_, read_model_description(folder_));
  fs::remove(folder_ / "vae_encoder.safetensors");
  EXPECT_EQ(loading_error(ExitCode::unreadable_input), "");
  fs::remove(folder_ / "dit_ema.safetensors");
  const std::string message = loading_error(ExitCode::unreadable_input);
  EXPECT_NE(message.find("dit_ema.safetensors: model.yaml lists this file"), std::string::npos)
      << message;
}

TEST_F(ModelFolder, AChangedFileIsRefused) {
  append("decoder.safetensors", "x");
  EXPECT_NE(loading_error(ExitCode::unreadable_input).find("decoder.safetensors"),
            std::string::npos);
  // Without the hash the size still tells.
  write_model_description(folder_, read_model_description(folder_));
  EXPECT_NE(loading_error(ExitCode::unreadable_input).find("belong to no tensor"),
            std::string::npos);
}

TEST_F(ModelFolder, AveragedWeightsAreUsedWhereTheyAre) {
  EXPECT_EQ(weights_file(folder_, "dit"), folder_ / "dit.safetensors");
  EXPECT_EQ(weights_file(folder_, "decoder"), folder_ / "decoder.safetensors");
  fs::copy(folder_ / "dit.safetensors", averaged_weights_file(folder_, "dit"));
  EXPECT_EQ(weights_file(folder_, "dit"), folder_ / "dit_ema.safetensors");
  EXPECT_EQ(weights_file(folder_, "decoder"), folder_ / "decoder.safetensors");
  EXPECT_EQ(raw_weights_file(folder_, "dit"), folder_ / "dit.safetensors");

  torch::manual_seed(3);
  const at::Tensor z = torch::randn({1, 16, 2, 8, 8});
  const at::Tensor before = OasisModel::load(folder_, {})->restore(z);
  wake_the_head();
  EXPECT_TRUE(OasisModel::load(folder_, {})->restore(z).equal(before));
  fs::remove(folder_ / "dit_ema.safetensors");
  write_model_description(folder_, read_model_description(folder_));
  EXPECT_FALSE(OasisModel::load(folder_, {})->restore(z).equal(before));
}

TEST_F(ModelFolder, FixedWeightsAreCopiedOverOldOnesAndNothingElseIs) {
  const fs::path to = folder_ / "to";
  fs::create_directory(to);
  std::ofstream(folder_ / "empty_prompt.safetensors") << "new";
  std::ofstream(to / "empty_prompt.safetensors") << "older";
  std::ofstream(to / "vae_encoder.safetensors") << "stays where `from` has none";
  fs::remove(folder_ / "vae_encoder.safetensors");

  copy_fixed_weights(folder_, to);

  EXPECT_EQ(file_hash(to / "empty_prompt.safetensors"),
            file_hash(folder_ / "empty_prompt.safetensors"));
  EXPECT_EQ(fs::file_size(to / "vae_encoder.safetensors"), 27U);
  EXPECT_EQ(std::distance(fs::directory_iterator(to), fs::directory_iterator()), 2);
  const std::string message =
      error_of(ExitCode::failed, [&] { copy_fixed_weights(folder_, folder_ / "nowhere"); });
  EXPECT_NE(message.find("empty_prompt.safetensors: cannot be written"), std::string::npos)
      << message;
}

TEST_F(ModelFolder, VerifyingComparesEveryFile) {
  append("decoder.safetensors", "x");
  fs::remove(folder_ / "projector.safetensors");
  append("extra.safetensors", "");
  std::map<std::string, FileState> states;
  for (const auto& [name, state] : verify_files(folder_)) states[name] = state;
  EXPECT_EQ(states, (std::map<std::string, FileState>{
                        {"decoder.safetensors", FileState::changed},
                        {"dit.safetensors", FileState::good},
                        {"extra.safetensors", FileState::unlisted},
                        {"projector.safetensors", FileState::missing},
                    }));
}

TEST_F(ModelFolder, BrokenDescriptionsAreRefusedWithTheirLine) {
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::ifstream in(folder_ / "model.yaml");
    std::string text(std::istreambuf_iterator<char>(in), {});
    const std::string original = text;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    std::ofstream(folder_ / "model.yaml") << text;
    const std::string message = loading_error(ExitCode::usage);
    std::ofstream(folder_ / "model.yaml") << original;
    EXPECT_NE(message.find("model.yaml:"), std::string::npos) << to << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  };
  refused("format: 1", "format: 2");
  refused("window: [3, 5, 5]", "window: [3, 4, 5]");
  refused("window: [3, 5, 5]", "window: [3, 5]");
  refused("prompt: zeros", "prompt: nothing");
  refused("sha256:", "md5:");
  refused("  dit.safetensors", "  ../dit.safetensors");
  refused("projector: {mode: native_2x}", "projector: {mode: native_2x, bias: no}");
}

}  // namespace
}  // namespace oasis::model
