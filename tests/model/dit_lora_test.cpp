#include "oasis/model/dit_lora.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <torch/torch.h>

#include <filesystem>
#include <string>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/model/oasis_model.h"

namespace oasis::model {
namespace {

namespace fs = std::filesystem;
using checkpoint::StateDict;

/// A small model folder and an adapter of one attention and one feed-forward layer.
class DitLoraTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "oasis-lora-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    initialise_model_folder(folder_ / "base", nano_description(), 5);
    dit_ = checkpoint::load_safetensors(folder_ / "base/dit.safetensors");
    torch::manual_seed(1);
    lora_.rank = 4;
    lora_.alpha = 6;
    add("blocks.0.self_attn.q", 64, 64);
    add("blocks.1.cross_attn.o", 64, 64);
    add("blocks.1.ffn.0", 256, 64);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void add(const std::string& layer, std::int64_t out, std::int64_t in) {
    lora_.factors[layer + ".lora_A.weight"] = at::randn({4, in});
    lora_.factors[layer + ".lora_B.weight"] = at::randn({out, 4});
  }

  /// The largest difference of the weights with this adapter and with `lora_`.
  double difference(const DitLora& other) const {
    const StateDict ours = merge_lora(dit_, lora_);
    const StateDict theirs = merge_lora(dit_, other);
    double largest = 0;
    for (const auto& [name, tensor] : ours) {
      largest = std::max(largest, (tensor - theirs.at(name)).abs().max().item<double>());
    }
    return largest;
  }

  DitLora written(const StateDict& tensors,
                  const checkpoint::SafetensorsMetadata& metadata = {}) const {
    checkpoint::write_safetensors(folder_ / "lora.safetensors", tensors, metadata);
    return read_lora(folder_ / "lora.safetensors");
  }

  /// Runs oasis-convert; `{}` stands for the test's folder.
  int run(std::string arguments) const {
    for (std::size_t at; (at = arguments.find("{}")) != std::string::npos;) {
      arguments.replace(at, 2, folder_.string());
    }
    const int status =
        std::system((OASIS_BIN_DIR "/oasis-convert --quiet " + arguments + " 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  fs::path folder_;
  StateDict dit_;
  DitLora lora_;
};

TEST_F(DitLoraTest, MergingAddsTheProductOnce) {
  const StateDict merged = merge_lora(dit_, lora_);
  for (const auto& [name, tensor] : dit_) {
    const std::string layer = name.substr(0, name.rfind('.'));
    if (name.ends_with(".weight") && lora_.factors.contains(layer + ".lora_A.weight")) {
      const at::Tensor update = at::mm(lora_.factors.at(layer + ".lora_B.weight"),
                                       lora_.factors.at(layer + ".lora_A.weight"));
      EXPECT_TRUE(at::allclose(merged.at(name) - tensor, 1.5 * update, 1e-5, 1e-5)) << name;
    } else {
      EXPECT_TRUE(at::equal(merged.at(name), tensor)) << name;
    }
  }
}

TEST_F(DitLoraTest, ComesBackFromItsFile) {
  lora_.base = "sha256:abc";
  write_lora(folder_ / "dit_lora.safetensors", lora_);
  const DitLora again = read_lora(folder_ / "dit_lora.safetensors");
  EXPECT_EQ(again.rank, 4);
  EXPECT_EQ(again.alpha, 6);
  EXPECT_EQ(again.base, "sha256:abc");
  EXPECT_EQ(difference(again), 0);
}

TEST_F(DitLoraTest, PublishedNamesAreThoseOfDiffusers) {
  const StateDict published = published_lora(lora_, DitNaming::diffusers);
  std::vector<std::string> names;
  for (const auto& item : published) names.push_back(item.first);
  EXPECT_EQ(names, (std::vector<std::string>{"transformer.blocks.0.attn1.to_q.lora_A.weight",
                                             "transformer.blocks.0.attn1.to_q.lora_B.weight",
                                             "transformer.blocks.1.attn2.to_out.0.lora_A.weight",
                                             "transformer.blocks.1.attn2.to_out.0.lora_B.weight",
                                             "transformer.blocks.1.ffn.net.0.proj.lora_A.weight",
                                             "transformer.blocks.1.ffn.net.0.proj.lora_B.weight"}));
  EXPECT_LT(difference(written(published)), 1e-5);
  const StateDict official = published_lora(lora_, DitNaming::official);
  EXPECT_TRUE(official.contains("diffusion_model.blocks.1.ffn.0.lora_B.weight"));
  EXPECT_LT(difference(written(official)), 1e-5);
}

TEST_F(DitLoraTest, ReadsAlphaWhereOthersKeepIt) {
  lora_.alpha = 4;  // the factors as they are
  StateDict names = published_lora(lora_, DitNaming::diffusers);
  lora_.alpha = 6;
  EXPECT_LT(difference(written(names, {{"lora_adapter_metadata",
                                        R"({"transformer.r": 4, "transformer.lora_alpha": 6})"}})),
            1e-5);
  for (const char* layer :
       {"blocks.0.attn1.to_q", "blocks.1.attn2.to_out.0", "blocks.1.ffn.net.0.proj"}) {
    names[std::string("transformer.") + layer + ".alpha"] = at::full({}, 6.0);
  }
  EXPECT_LT(difference(written(names)), 1e-5);
}

TEST_F(DitLoraTest, RefusesWhatDoesNotFit) {
  EXPECT_THROW(written({{"unet.down.lora_A.weight", at::zeros({2, 2})}}), Error);
  EXPECT_THROW(written({{"transformer.blocks.0.attn1.to_z.lora_A.weight", at::zeros({2, 2})}}),
               Error);
  DitLora other = lora_;
  other.factors["blocks.0.self_attn.q.lora_A.weight"] = at::zeros({4, 32});
  EXPECT_THROW(merge_lora(dit_, other), Error);
  other = lora_;
  other.factors.erase("blocks.0.self_attn.q.lora_A.weight");
  EXPECT_THROW(merge_lora(dit_, other), Error);
  other = lora_;
  other.factors["blocks.9.ffn.0.lora_A.weight"] = at::zeros({4, 64});
  other.factors["blocks.9.ffn.0.lora_B.weight"] = at::zeros({256, 4});
  EXPECT_THROW(merge_lora(dit_, other), Error);
}

TEST_F(DitLoraTest, TheProgramMergesAndExports) {
  write_lora(folder_ / "some_lora.safetensors", lora_);
  ASSERT_EQ(run("merge --model {}/base --lora {}/some_lora.safetensors {}/merged"), 0);
  const StateDict expected = merge_lora(dit_, lora_);
  for (const auto& [name, tensor] :
       checkpoint::load_safetensors(folder_ / "merged/dit.safetensors")) {
    EXPECT_TRUE(at::equal(tensor, expected.at(name))) << name;
  }
  EXPECT_NO_THROW(OasisModel::load(folder_ / "merged", {}));
  EXPECT_EQ(run("verify {}/merged >/dev/null"), 0);
  EXPECT_EQ(run("merge --model {}/base --lora {}/base/dit.safetensors {}/bad >/dev/null"), 3);
  EXPECT_FALSE(fs::exists(folder_ / "bad"));

  // As training leaves it.
  EXPECT_EQ(run("export --lora --model {}/merged --out {}/no >/dev/null"), 2);
  fs::copy(folder_ / "some_lora.safetensors", folder_ / "merged/dit_lora.safetensors");
  ASSERT_EQ(run("export --to diffusers --model {}/merged --out {}/both"), 0);
  ASSERT_EQ(run("export --lora --model {}/merged --out {}/lora.safetensors"), 0);
  const auto from_folder =
      checkpoint::load_safetensors(folder_ / "both/lora/pytorch_lora_weights.safetensors");
  EXPECT_TRUE(from_folder.contains("transformer.blocks.0.attn1.to_q.lora_A.weight"));
  EXPECT_EQ(from_folder.size(), checkpoint::load_safetensors(folder_ / "lora.safetensors").size());
  EXPECT_LT(difference(read_lora(folder_ / "lora.safetensors")), 1e-5);
  EXPECT_TRUE(fs::exists(folder_ / "both/diffusion_pytorch_model.safetensors"));
}

}  // namespace
}  // namespace oasis::model
