#include "oasis/metrics/clip_prompts.h"

#include <ATen/Functions.h>

#include "oasis/metrics/clip_iqa.h"
#include "oasis/metrics/clip_text.h"

namespace oasis::metrics {
namespace {

constexpr std::int64_t kStart = 49406;
constexpr std::int64_t kEnd = 49407;
constexpr std::int64_t kContext = 77;

bool begins_with(const std::string& name, const std::string& prefix) {
  return name.rfind(prefix, 0) == 0;
}

// The buffers of the TorchScript archive that are no weights.
bool is_buffer(const std::string& name) {
  return name == "input_resolution" || name == "context_length" || name == "vocab_size";
}

// OpenAI's `convert_weights` keeps norms, embeddings and the scale in float32.
bool is_half_in_release(const std::string& name, const at::Tensor& tensor) {
  if (name == "token_embedding.weight" || name.find("positional_embedding") != std::string::npos) {
    return false;
  }
  const bool attention_bias = name.find(".attn.") != std::string::npos ||
                              name.find("attnpool.") != std::string::npos ||
                              name.find(".mlp.") != std::string::npos;
  return tensor.dim() >= 2 || (attention_bias && tensor.dim() == 1);
}

at::Tensor unit_features(const ClipText& tower, bool single_pair) {
  const at::Tensor features = tower.forward(clip_tokens(clip_iqa_prompts(single_pair)));
  return features / features.norm(2, {1}, /*keepdim=*/true);
}

}  // namespace

const std::vector<ClipPrompt>& clip_iqa_prompts(bool single_pair) {
  static const std::vector<ClipPrompt> five = {
      {"Good image", {886, 2867}},
      {"bad image", {2103, 2867}},
      {"Sharp image", {8157, 2867}},
      {"blurry image", {21977, 2867}},
      {"sharp edges", {8157, 20938}},
      {"blurry edges", {21977, 20938}},
      {"High resolution image", {1400, 9977, 2867}},
      {"low resolution image", {1042, 9977, 2867}},
      {"Noise-free image", {9307, 268, 1139, 2867}},
      {"noisy image", {33495, 2867}},
  };
  static const std::vector<ClipPrompt> one = {
      {"Good photo.", {886, 1125, 269}},
      {"Bad photo.", {2103, 1125, 269}},
  };
  return single_pair ? one : five;
}

at::Tensor clip_tokens(const std::vector<ClipPrompt>& prompts) {
  at::Tensor tokens = at::zeros({static_cast<std::int64_t>(prompts.size()), kContext}, at::kLong);
  auto* row = tokens.mutable_data_ptr<std::int64_t>();
  for (const ClipPrompt& prompt : prompts) {
    auto* next = row;
    *next++ = kStart;
    for (const std::int64_t word : prompt.words) *next++ = word;
    *next = kEnd;
    row += kContext;
  }
  return tokens;
}

checkpoint::StateDict clip_iqa_weights(const checkpoint::StateDict& clip, const std::string& what) {
  checkpoint::StateDict text;
  checkpoint::StateDict result;
  at::Tensor scale = at::empty({}, at::kFloat);
  checkpoint::StateDict scale_source;
  for (const auto& [name, tensor] : clip) {
    if (is_buffer(name)) continue;
    if (name == "logit_scale") {
      scale_source.emplace(name, tensor);
      continue;
    }
    const bool half = is_half_in_release(name, tensor);
    const at::Tensor value = (half ? tensor.to(at::kHalf) : tensor).to(at::kFloat);
    (begins_with(name, "visual.") ? result : text).emplace(name, value);
  }
  checkpoint::load_strictly({{"logit_scale", scale}}, scale_source, what);
  ClipImage(ClipImageConfig{}).load(result, what + ", image tower");
  ClipText tower(ClipTextConfig{});
  tower.load(text, what + ", text tower");
  result["clipiqa.text_features"] = unit_features(tower, false);
  result["clipiqa.text_features_single"] = unit_features(tower, true);
  result["clipiqa.logit_scale_exp"] = scale.exp().view({1});
  return result;
}

}  // namespace oasis::metrics
