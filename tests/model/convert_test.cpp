#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <torch/torch.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/model/empty_prompt.h"
#include "oasis/model/oasis_model.h"
#include "oasis/model/wan_dit.h"
#include "pth_writer.h"
#include "published_checkpoints.h"

namespace oasis::model {
namespace {

namespace fs = std::filesystem;
using checkpoint::StateDict;
using checkpoint::write_safetensors;

struct Outcome {
  int code = -1;
  std::string text;  ///< standard output and error

  bool says(const std::string& part) const { return text.find(part) != std::string::npos; }
};

/// Runs the program on checkpoints in a folder of the test's own, which `{}` stands for.
class Convert : public ::testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(11);
    std::string name = (fs::temp_directory_path() / "oasis-convert-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  Outcome run(std::string arguments) const {
    for (std::size_t at; (at = arguments.find("{}")) != std::string::npos;) {
      arguments.replace(at, 2, folder_.string());
    }
    const std::string log = folder_ / "log.txt";
    const int status =
        std::system((OASIS_BIN_DIR "/oasis-convert " + arguments + " >" + log + " 2>&1").c_str());
    Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : -1, {}};
    std::ifstream stream(log);
    outcome.text.assign(std::istreambuf_iterator<char>(stream), {});
    fs::remove(log);
    return outcome;
  }

  void write_text(const fs::path& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  void make_nano() const { initialise_model_folder(folder_ / "nano", nano_description(), 5); }

  /// The folder of the official release: one safetensors file, .pth files beside it.
  void write_official() const {
    write_text("wan/config.json", R"({"_class_name": "WanModel", "num_heads": 2})");
    write_safetensors(folder_ / "wan/diffusion_pytorch_model.safetensors", dit_);
    testing::write_pth(folder_ / "wan/vae.pth", vae_);
    testing::write_pth(folder_ / "wan/t5.pth", t5_);
  }

  /// The folder of diffusers: the transformer in two shards, everything safetensors.
  void write_diffusers() const {
    write_text("d/transformer/config.json", R"({"num_attention_heads": 2})");
    nlohmann::json map;
    std::array<StateDict, 2> shards;
    std::size_t count = 0;
    for (const auto& [name, tensor] : to_diffusers_dit(dit_)) {
      const std::size_t shard = count++ % 2;
      shards[shard][name] = tensor;
      map[name] = "m-" + std::to_string(shard) + ".safetensors";
    }
    for (const char* part : {"vae", "text_encoder"}) fs::create_directories(folder_ / "d" / part);
    const fs::path transformer = folder_ / "d/transformer";
    write_safetensors(transformer / "m-0.safetensors", shards[0]);
    write_safetensors(transformer / "m-1.safetensors", shards[1]);
    write_text("d/transformer/m.safetensors.index.json",
               nlohmann::json{{"metadata", nlohmann::json::object()}, {"weight_map", map}}.dump());
    write_safetensors(folder_ / "d/vae/vae.safetensors",
                      testing::renamed(vae_, testing::diffusers_vae_name));
    write_safetensors(folder_ / "d/text_encoder/t5.safetensors",
                      testing::renamed(t5_, testing::transformers_t5_name));
  }

  /// The transformer built by hand from the checkpoint's tensors.
  at::Tensor velocity(const at::Tensor& z) const {
    WanDit dit(testing::small_dit(), at::kFloat);
    std::vector<std::pair<std::string, at::Tensor>> targets;
    for (const auto& item : dit.named_parameters()) {
      targets.emplace_back(item.key(), item.value().set_requires_grad(false));
    }
    checkpoint::load_strictly(targets, dit_, "test");
    const auto source = [&](const std::string& name) { return t5_.at(name); };
    dit.fold_conditioning(799, empty_prompt_context(source, T5Naming::official));
    return dit.forward_folded(z);
  }

  static void expect_same_tensors(const fs::path& a, const fs::path& b) {
    const StateDict first = checkpoint::load_safetensors(a);
    const StateDict second = checkpoint::load_safetensors(b);
    ASSERT_EQ(first.size(), second.size());
    for (const auto& [name, tensor] : first) {
      ASSERT_TRUE(second.contains(name)) << name;
      EXPECT_TRUE(tensor.equal(second.at(name))) << name;
    }
  }

  fs::path folder_;
  StateDict dit_ = testing::dit_checkpoint(testing::small_dit());
  StateDict vae_ = testing::vae_checkpoint();
  StateDict taehv_ = testing::taehv_checkpoint();
  StateDict t5_ = testing::t5_checkpoint();
};

TEST_F(Convert, TheOfficialReleaseGivesItsModulesOutput) {
  write_official();
  const Outcome outcome =
      run("wan --dit {}/wan --vae {}/wan/vae.pth --t5 {}/wan/t5.pth --precision fp32 {}/out");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_TRUE(outcome.says("DiT: found 69 tensors")) << outcome.text;
  EXPECT_TRUE(outcome.says("DiT: 69 tensors mapped (official names)")) << outcome.text;
  EXPECT_TRUE(outcome.says("Wan VAE: 194 tensors mapped (official names)")) << outcome.text;
  EXPECT_TRUE(outcome.says("umT5: 72 tensors left out")) << outcome.text;
  EXPECT_FALSE(fs::exists(folder_ / "out.part"));

  const auto model = OasisModel::load(folder_ / "out", {});
  EXPECT_EQ(model->about().dit, testing::small_dit());
  const at::Tensor z = torch::randn({1, 16, 2, 4, 6});
  EXPECT_TRUE(model->restore(z).equal(z - 0.799 * velocity(z)));
  const WanVaeDecoder decoder(testing::small_vae(), at::kFloat);
  checkpoint::load_tensors(decoder.parameters(), vae_);
  const torch::NoGradGuard no_grad;
  const at::Tensor frames = model->decode(z, at::Tensor());
  EXPECT_LE((frames - decoder.decode(z)).abs().max().item<double>(), 1e-5);
  EXPECT_EQ(checkpoint::load_safetensors(folder_ / "out/vae_encoder.safetensors").size(), 86U);
  for (const auto& [name, state] : verify_files(folder_ / "out")) {
    EXPECT_EQ(state, FileState::good) << name;
  }
}

TEST_F(Convert, DiffusersNamesAndShardsGiveTheSameFiles) {
  write_official();
  write_diffusers();
  ASSERT_EQ(run("wan --dit {}/wan --vae {}/wan/vae.pth --t5 {}/wan/t5.pth {}/a").code, 0);
  const Outcome outcome = run("wan --dit {}/d --vae {}/d/vae --t5 {}/d/text_encoder {}/b");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_TRUE(outcome.says("DiT: 69 tensors mapped (diffusers names)")) << outcome.text;
  EXPECT_TRUE(outcome.says("Wan VAE: 194 tensors mapped (diffusers names)")) << outcome.text;
  EXPECT_TRUE(outcome.says("tensors mapped (transformers names)")) << outcome.text;
  for (const char* file : {"dit", "decoder", "vae_encoder", "empty_prompt", "projector"}) {
    const std::string name = std::string(file) + ".safetensors";
    expect_same_tensors(folder_ / "a" / name, folder_ / "b" / name);
  }
  EXPECT_EQ(checkpoint::load_safetensors(folder_ / "a/dit.safetensors")
                .at("blocks.0.ffn.0.weight")
                .scalar_type(),
            at::kBFloat16);
}

TEST_F(Convert, RepackagedFilesMixTypesAndCarryAPrefix) {
  write_official();
  StateDict repackaged;
  for (const auto& [name, tensor] : dit_) {
    const auto type = name.starts_with("patch_embedding") ? at::kFloat : at::kHalf;
    repackaged["model.diffusion_model." + name] = tensor.to(type);
  }
  write_safetensors(folder_ / "one.safetensors", repackaged);
  const Outcome outcome =
      run("wan --dit {}/one.safetensors --heads 2 --vae {}/wan/vae.pth --precision fp32 {}/out");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_TRUE(outcome.says("zero prompt")) << outcome.text;
  const StateDict written = checkpoint::load_safetensors(folder_ / "out/dit.safetensors");
  const std::string name = "blocks.1.ffn.2.weight";
  EXPECT_TRUE(written.at(name).equal(dit_.at(name).to(at::kHalf).to(at::kFloat)));
  EXPECT_TRUE(written.at("patch_embedding.weight").equal(dit_.at("patch_embedding.weight")));
  EXPECT_EQ(read_model_description(folder_ / "out").prompt, "zeros");
}

TEST_F(Convert, TaehvTakesTheDecodersPlace) {
  write_official();
  testing::write_pth(folder_ / "taew.pth", taehv_);
  const Outcome outcome =
      run("wan --dit {}/wan --vae {}/wan/vae.pth --taehv {}/taew.pth --precision fp32 {}/out");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_TRUE(outcome.says("TAEHV: 2 tensors left out (the encoder)")) << outcome.text;
  EXPECT_TRUE(outcome.says("Wan VAE: 108 tensors left out")) << outcome.text;
  const auto model = OasisModel::load(folder_ / "out", {});
  const TaehvDecoder decoder(testing::small_taehv(), at::kFloat);
  checkpoint::load_tensors(decoder.parameters(), taehv_);
  const torch::NoGradGuard no_grad;
  const at::Tensor z = torch::randn({1, 16, 2, 4, 6});
  const at::Tensor expected = decoder.decode(z) * 2 - 1;
  EXPECT_LE((model->decode(z, at::Tensor()) - expected).abs().max().item<double>(), 1e-5);
}

TEST_F(Convert, ExportHasDiffusersNames) {
  make_nano();
  const Outcome outcome = run("export --to diffusers --model {}/nano --out {}/d.safetensors");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  const StateDict exported = checkpoint::load_safetensors(folder_ / "d.safetensors");
  EXPECT_EQ(exported.size(), dit_keys(2).size());
  for (const auto& key : dit_keys(2)) {
    EXPECT_TRUE(exported.contains(key.diffusers)) << key.diffusers;
  }
}

TEST_F(Convert, ExportIsTheInverse) {
  make_nano();
  ASSERT_EQ(run("export --model {}/nano --out {}/transformer").code, 0);
  const auto config = nlohmann::json::parse(std::ifstream(folder_ / "transformer/config.json"));
  EXPECT_EQ(config["_class_name"], "WanTransformer3DModel");
  EXPECT_EQ(config["attention_head_dim"], 32);
  testing::write_pth(folder_ / "taew.pth", taehv_);
  ASSERT_EQ(run("wan --dit {}/transformer --taehv {}/taew.pth --precision fp32 {}/back").code, 0);
  expect_same_tensors(folder_ / "nano/dit.safetensors", folder_ / "back/dit.safetensors");
  EXPECT_EQ(read_model_description(folder_ / "back").dit.num_heads, 2);
}

TEST_F(Convert, ExportRefusesWhatIsNotThere) {
  make_nano();
  EXPECT_EQ(run("export --model {}/nano --weights ema --out {}/e.safetensors").code, 3);
  EXPECT_EQ(run("export --model {}/nowhere --out {}/e.safetensors").code, 2);
}

TEST_F(Convert, ExportNeverOverwrites) {
  make_nano();
  write_text("mine/note.txt", "kept");
  EXPECT_EQ(run("export --model {}/nano --out {}/mine").code, 2);
  EXPECT_EQ(run("export --model {}/nano --out {}/nano/dit.safetensors").code, 2);
}

TEST_F(Convert, VerifyNamesWhatChanged) {
  make_nano();
  std::fstream file(folder_ / "nano/dit.safetensors", std::ios::in | std::ios::out);
  file.seekp(100000);
  file.put('\x55');
  file.close();
  fs::remove(folder_ / "nano/projector.safetensors");
  const Outcome outcome = run("verify {}/nano --json --quiet");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(outcome.says("\"dit.safetensors\": \"changed\"")) << outcome.text;
  EXPECT_TRUE(outcome.says("\"projector.safetensors\": \"missing\"")) << outcome.text;
  EXPECT_TRUE(outcome.says("\"decoder.safetensors\": \"good\"")) << outcome.text;
  EXPECT_EQ(run("verify {}/nano --update").code, 0);
}

TEST_F(Convert, AnInitialisedModelSaysThatItsHeadMapIsAPattern) {
  ASSERT_EQ(run("init --size nano {}/nano").code, 0);
  const ModelDescription about = read_model_description(folder_ / "nano");
  ASSERT_TRUE(about.head_map.has_value());
  const nn::KindCounts counts = nn::count_kinds(*about.head_map);
  EXPECT_GT(std::min({counts.global, counts.intra, counts.window}), 0);
  EXPECT_NE(about.head_map->note.find("not found by routing"), std::string::npos);
  EXPECT_EQ(run("init --size nano {}/nano").code, 2);
}

TEST_F(Convert, TheShippedSizeHasNoHeadMap) {
  ASSERT_EQ(run("init --size tiny {}/tiny").code, 0);
  const ModelDescription about = read_model_description(folder_ / "tiny");
  EXPECT_EQ(about.name, "oasis-tiny");
  EXPECT_FALSE(about.head_map.has_value());
  EXPECT_EQ(run("init --size huge {}/huge").code, 2);
}

/// Adds moving averages that differ from the weights, last layers included.
void add_averages(const fs::path& model) {
  for (const char* part : {"projector", "dit", "decoder"}) {
    StateDict averaged;
    for (const auto& [name, tensor] :
         checkpoint::load_safetensors(model / (std::string(part) + ".safetensors"))) {
      averaged[name] = tensor + 0.02 * torch::randn_like(tensor);
    }
    write_safetensors(model / (std::string(part) + "_ema.safetensors"), averaged);
  }
  write_model_description(model, read_model_description(model));
}

TEST_F(Convert, PackHoldsTheAveragedWeightsAlone) {
  make_nano();
  add_averages(folder_ / "nano");
  ASSERT_EQ(run("pack {}/nano {}/wide --precision fp32").code, 0);
  const Outcome outcome =
      run("pack {}/nano {}/slim --name mine --licence MIT --provenance 'two clips'");
  ASSERT_EQ(outcome.code, 0) << outcome.text;

  const at::Tensor lq = torch::rand({1, 3, 5, 16, 16}) * 2 - 1;
  const at::Tensor expected = OasisModel::load(folder_ / "nano", {})->upscale(lq);
  EXPECT_TRUE(OasisModel::load(folder_ / "wide", {})->upscale(lq).equal(expected));
  const at::Tensor slim = OasisModel::load(folder_ / "slim", {})->upscale(lq);
  const double detail = (expected - bicubic_x4(lq)).abs().mean().item<double>();
  const double lost = (slim - expected).abs().mean().item<double>();
  EXPECT_GT(detail, 1e-2);
  EXPECT_GT(lost, 0);
  EXPECT_LT(lost, 0.05 * detail);

  const ModelDescription about = read_model_description(folder_ / "slim");
  EXPECT_EQ(about.name, "mine");
  EXPECT_EQ(about.licence, "MIT");
  EXPECT_EQ(about.provenance, "two clips");
  EXPECT_EQ(about.precision, "bf16");
  EXPECT_EQ(about.files.size(), 3U);
  EXPECT_TRUE(about.head_map.has_value());
  EXPECT_EQ(read_model_description(folder_ / "wide").name, "oasis-nano");
  EXPECT_LT(fs::file_size(folder_ / "slim/dit.safetensors"),
            fs::file_size(folder_ / "wide/dit.safetensors") * 6 / 10);
}

TEST_F(Convert, PackRefusesWhatItCannotMake) {
  make_nano();
  EXPECT_EQ(run("pack {}/nowhere {}/out").code, 2);
  EXPECT_EQ(run("pack {}/nano {}/nano").code, 2);
  EXPECT_EQ(run("pack {}/nano {}/out --precision int8").code, 2);
  fs::remove(folder_ / "nano/dit.safetensors");
  EXPECT_EQ(run("pack {}/nano {}/out").code, 3);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(Convert, AverageIsTheMeanOfWhatTheModelsAreUsedWith) {
  make_nano();
  initialise_model_folder(folder_ / "other", nano_description(), 6);
  add_averages(folder_ / "other");
  const Outcome outcome = run("average {}/nano {}/other --out {}/mean");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  for (const std::string part : {"projector", "dit", "decoder"}) {
    const StateDict one = checkpoint::load_safetensors(folder_ / "nano" / (part + ".safetensors"));
    const StateDict two =
        checkpoint::load_safetensors(folder_ / "other" / (part + "_ema.safetensors"));
    const StateDict mean = checkpoint::load_safetensors(folder_ / "mean" / (part + ".safetensors"));
    ASSERT_EQ(mean.size(), one.size());
    for (const auto& [name, tensor] : mean) {
      EXPECT_TRUE(tensor.allclose((one.at(name) + two.at(name)) / 2, 1e-6, 1e-7)) << part << name;
    }
  }
  EXPECT_NE(read_model_description(folder_ / "mean").provenance.find("mean of 2 trainings"),
            std::string::npos);
  EXPECT_TRUE(read_model_description(folder_ / "mean").head_map.has_value());
  OasisModel::load(folder_ / "mean", {})->upscale(torch::zeros({1, 3, 1, 16, 16}));
}

TEST_F(Convert, AverageRefusesDifferentModels) {
  make_nano();
  EXPECT_EQ(run("average {}/nano --out {}/mean").code, 2);
  ModelDescription about = nano_description();
  about.timestep = 500;
  initialise_model_folder(folder_ / "sooner", about, 5);
  EXPECT_TRUE(run("average {}/nano {}/sooner --out {}/mean").says("see model.yaml"));
  about = nano_description();
  about.head_map = nn::all_global(about.dit.layers, about.dit.num_heads);
  about.head_map->window = read_model_description(folder_ / "nano").window;
  initialise_model_folder(folder_ / "global", about, 5);
  EXPECT_TRUE(run("average {}/nano {}/global --out {}/mean").says("see head_map.yaml"));
  fs::copy(folder_ / "nano", folder_ / "adapted");
  write_text("adapted/dit_lora.safetensors", "");
  EXPECT_TRUE(run("average {}/adapted {}/nano --out {}/mean").says("oasis-convert merge"));
  EXPECT_FALSE(fs::exists(folder_ / "mean"));
}

/// What is wrong with the published files, the arguments, the code and a part of the one line.
struct Wrong {
  const char* name;
  void (*spoil)(const fs::path& folder, StateDict& dit, StateDict& vae, StateDict& t5);
  const char* arguments;
  int code;
  const char* says;
};

constexpr const char* all_given = "--dit {}/wan --vae {}/wan/vae.pth --t5 {}/wan/t5.pth";

class ConvertRefuses : public Convert, public ::testing::WithParamInterface<Wrong> {};

TEST_P(ConvertRefuses, InOneLineAndLeavesNothing) {
  const Wrong& wrong = GetParam();
  fs::create_directories(folder_ / "wan");
  if (wrong.spoil != nullptr) wrong.spoil(folder_, dit_, vae_, t5_);
  write_official();
  const Outcome outcome = run(std::string("wan --quiet ") + wrong.arguments + " {}/out");
  EXPECT_EQ(outcome.code, wrong.code) << outcome.text;
  EXPECT_TRUE(outcome.says(wrong.says)) << outcome.text;
  EXPECT_TRUE(outcome.text.starts_with("error: ")) << outcome.text;
  EXPECT_EQ(std::count(outcome.text.begin(), outcome.text.end(), '\n'), 1) << outcome.text;
  EXPECT_FALSE(fs::exists(folder_ / "out/model.yaml"));
  EXPECT_FALSE(fs::exists(folder_ / "out.part"));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ConvertRefuses,
    ::testing::Values(
        Wrong{"NoDecoder", nullptr, "--dit {}/wan", 2, "--vae or --taehv"},
        Wrong{"MissingFile", nullptr, "--dit {}/wan --vae {}/nowhere.pth", 3, "nowhere.pth"},
        Wrong{"MissingTensor",
              [](const fs::path&, StateDict& dit, StateDict&, StateDict&) {
                dit.erase("blocks.1.cross_attn.norm_k.weight");
              },
              all_given, 3, "1 missing: blocks.1.cross_attn.norm_k.weight"},
        Wrong{"MisshapedTensor",
              [](const fs::path&, StateDict& dit, StateDict&, StateDict&) {
                dit["blocks.0.ffn.2.bias"] = torch::zeros({33});
              },
              all_given, 3, "blocks.0.ffn.2.bias: file [33], model [32]"},
        Wrong{"UnknownTensor",
              [](const fs::path&, StateDict& dit, StateDict&, StateDict&) {
                dit["blocks.0.lora.weight"] = torch::zeros({1});
              },
              all_given, 3, "1 unexpected: blocks.0.lora.weight"},
        Wrong{"ImageToVideo",
              [](const fs::path&, StateDict& dit, StateDict&, StateDict&) {
                dit["img_emb.proj.0.weight"] = torch::zeros({1});
              },
              all_given, 3, "image-to-video"},
        Wrong{"VaeAsDit", nullptr, "--dit {}/wan/vae.pth --vae {}/wan/vae.pth", 3,
              "no Wan transformer"},
        Wrong{"DitAsVae", nullptr, "--dit {}/wan --vae {}/wan/diffusion_pytorch_model.safetensors",
              3, "no Wan VAE"},
        Wrong{"VaeAsTaehv", nullptr, "--dit {}/wan --taehv {}/wan/vae.pth", 3, "no TAEHV"},
        Wrong{"VaeLacksATensor",
              [](const fs::path&, StateDict&, StateDict& vae, StateDict&) {
                vae.erase("decoder.upsamples.3.time_conv.bias");
              },
              all_given, 3, "decoder.upsamples.3.time_conv.bias"},
        Wrong{"T5LacksATensor",
              [](const fs::path&, StateDict&, StateDict&, StateDict& t5) {
                t5.erase("blocks.23.ffn.fc2.weight");
              },
              all_given, 3, "blocks.23.ffn.fc2.weight"},
        Wrong{"T5OfAnotherWidth",
              [](const fs::path&, StateDict& dit, StateDict&, StateDict&) {
                dit["text_embedding.0.weight"] = torch::zeros({32, 12});
              },
              all_given, 3, "text_dim 12"},
        Wrong{"TheFolderIsThere",
              [](const fs::path& folder, StateDict&, StateDict&, StateDict&) {
                fs::create_directories(folder / "out/mine");
              },
              all_given, 2, "is there already"},
        Wrong{"TextAsPth",
              [](const fs::path& folder, StateDict&, StateDict&, StateDict&) {
                std::ofstream(folder / "text.pth") << "version https://git-lfs.github.com\n";
              },
              "--dit {}/wan --vae {}/text.pth", 3, "not a PyTorch checkpoint"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(Convert, ADamagedPthIsRefused) {
  write_official();
  std::fstream file(folder_ / "wan/vae.pth", std::ios::in | std::ios::out);
  file.seekp(200000);
  file.write("damage", 6);
  file.close();
  const Outcome outcome = run("wan --dit {}/wan --vae {}/wan/vae.pth --quiet {}/out");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(outcome.says("checksum")) << outcome.text;
}

}  // namespace
}  // namespace oasis::model
