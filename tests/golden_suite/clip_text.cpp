#include "oasis/metrics/clip_text.h"

#include "registry.h"

namespace oasis::golden {
namespace {

void check_clip_text(const Fixture& fixture) {
  const auto& config = fixture.config();
  metrics::ClipTextConfig shape;
  shape.width = config.at("width");
  shape.heads = config.at("heads");
  shape.layers = config.at("layers");
  shape.context_length = config.at("context_length");
  shape.vocab_size = config.at("vocab_size");
  shape.embed_dim = config.at("embed_dim");
  metrics::ClipText tower(shape);
  tower.load(fixture.weights(), "golden CLIP text tower");
  const at::Tensor features = tower.forward(fixture.input("tokens"));
  fixture.expect_close("text_features", features);
  fixture.expect_close("text_features_normalised", features / features.norm(2, {1}, true));
}

const AreaRegistration registration("clip_text", &check_clip_text);

}  // namespace
}  // namespace oasis::golden
