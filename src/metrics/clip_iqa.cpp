#include "oasis/metrics/clip_iqa.h"

#include <ATen/Functions.h>

namespace oasis::metrics {
namespace {

constexpr const char* kFeatures = "clipiqa.text_features";
constexpr const char* kSingle = "clipiqa.text_features_single";
constexpr const char* kScale = "clipiqa.logit_scale_exp";

}  // namespace

ClipIqa::ClipIqa(const ClipImageConfig& config, std::int64_t pairs,
                 const c10::TensorOptions& options)
    : tower_(config, options),
      text_(at::empty({2 * pairs, config.embed_dim}, options)),
      scale_(at::empty({1}, options)) {}

void ClipIqa::load(const checkpoint::StateDict& weights, const std::string& what) {
  checkpoint::StateDict tower;
  checkpoint::StateDict text;
  for (const auto& [name, tensor] : weights) {
    (name.rfind("clipiqa.", 0) == 0 ? text : tower).emplace(name, tensor);
  }
  if (const auto single = text.find(kSingle); single != text.end()) {
    if (text_.size(0) == 2) text[kFeatures] = single->second;
    text.erase(kSingle);
  }
  tower_.load(tower, what + ", image tower");
  checkpoint::load_strictly({{kFeatures, text_}, {kScale, scale_}}, text, what + ", text features");
}

ClipIqa::Result ClipIqa::forward(const at::Tensor& picture) const {
  Result result;
  result.image_features = tower_.forward(picture);
  const at::Tensor unit = result.image_features / result.image_features.norm(2, {1}, true);
  const at::Tensor logits = scale_ * at::matmul(unit, text_.t());
  const at::Tensor pairs = logits.view({logits.size(0), -1, 2}).softmax(-1);
  result.score = pairs.select(2, 0).mean(1);
  return result;
}

}  // namespace oasis::metrics
