#include "oasis/eval/weights.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>
#include <utility>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/checkpoint/torch_pickle.h"
#include "oasis/eval/metric_catalogue.h"
#include "oasis/model/model_folder.h"

namespace oasis::eval {
namespace {

// Published hashes: docs/metrics.md.
WeightFile alexnet() {
  return {"AlexNet",
          {"alexnet-owt-7be5be79.pth", "alexnet-owt-7be5be79.safetensors"},
          "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
          "torchvision, https://download.pytorch.org/models/"};
}

WeightFile vgg16() {
  return {"VGG-16",
          {"vgg16-397923af.pth", "vgg16-397923af.safetensors"},
          "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
          "torchvision, https://download.pytorch.org/models/"};
}

WeightFile lpips_alex() {
  return {"LPIPS v0.1, AlexNet",
          {"LPIPS_v0.1_alex-df73285e.pth", "alex.pth", "LPIPS_v0.1_alex-df73285e.safetensors"},
          "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
          "richzhang/PerceptualSimilarity, lpips/weights/v0.1/alex.pth"};
}

WeightFile lpips_vgg() {
  return {"LPIPS v0.1, VGG-16",
          {"LPIPS_v0.1_vgg-a78928a0.pth", "vgg.pth", "LPIPS_v0.1_vgg-a78928a0.safetensors"},
          "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
          "richzhang/PerceptualSimilarity, lpips/weights/v0.1/vgg.pth"};
}

WeightFile clip_iqa() {
  return {"CLIP-IQA",
          {"clip_iqa.safetensors"},
          "",
          "oasis-convert clip RN50.pt clip_iqa.safetensors, from OpenAI's RN50.pt"};
}

WeightFile dover() {
  return {"DOVER", {"DOVER.pth", "DOVER.safetensors"}, "", "VQAssessment/DOVER, releases"};
}

WeightFile raft() {
  return {"RAFT",
          {"raft-things.pth", "raft-things.safetensors"},
          "",
          "princeton-vl/RAFT, download_models.sh (not needed with --flow dis)"};
}

bool is_safetensors_name(const std::string& name) {
  return name.size() > 12 && name.compare(name.size() - 12, 12, ".safetensors") == 0;
}

}  // namespace

std::vector<WeightFile> weight_files_of(const std::string& metric, bool dis_flow) {
  if (metric == "lpips") return {alexnet(), lpips_alex()};
  if (metric == "lpips_vgg") return {vgg16(), lpips_vgg()};
  if (metric == "clipiqa") return {clip_iqa()};
  if (metric == "dover") return {dover()};
  if (metric.rfind("ewarp", 0) == 0 && !dis_flow) return {raft()};
  return {};
}

std::string weights_help() {
  std::string text =
      "Weight files, looked for by name in the folder --weights. Those with a hash are checked.\n";
  for (const auto& metric : known_metrics()) {
    const auto files = weight_files_of(metric, false);
    text += fmt::format("\n{}{}\n", metric, files.empty() ? ": needs none" : "");
    for (const auto& file : files) {
      text += fmt::format("  {}\n    from {}\n", fmt::join(file.names, " or "), file.where);
      if (!file.sha256.empty()) text += fmt::format("    sha256 {}\n", file.sha256);
    }
  }
  return text;
}

WeightFolder::WeightFolder(std::filesystem::path folder, bool checked)
    : folder_(std::move(folder)), checked_(checked) {}

WeightFolder::Found WeightFolder::find(const WeightFile& file) {
  std::error_code error;
  for (const auto& name : file.names) {
    const auto path = folder_ / name;
    if (folder_.empty() || !std::filesystem::is_regular_file(path, error)) continue;
    auto& hash = hashes_[name];
    if (hash.empty()) hash = model::file_hash(path);
    // The published hash is that of the .pth; a copy in another container has its own.
    if (checked_ && !file.sha256.empty() && !is_safetensors_name(name) &&
        hash != "sha256:" + file.sha256) {
      return {{},
              fmt::format("{} is not the official file: its hash is {}, not sha256:{}; fetch it "
                          "again, or pass --unchecked-weights",
                          path.string(), hash, file.sha256),
              true};
    }
    return {path, "", false};
  }
  return {{}, fmt::format("needs {} in --weights", file.names.front()), false};
}

checkpoint::StateDict WeightFolder::load(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  char head[9] = {};
  stream.read(head, 9);
  // A safetensors file begins with the length of its header and a brace.
  if (stream && head[8] == '{') return checkpoint::load_safetensors(path);
  return checkpoint::read_pth(path).tensors;
}

}  // namespace oasis::eval
