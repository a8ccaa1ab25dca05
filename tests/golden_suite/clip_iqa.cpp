#include "oasis/metrics/clip_iqa.h"

#include "registry.h"

namespace oasis::golden {
namespace {

void check_clip_iqa(const Fixture& fixture) {
  const auto& config = fixture.config();
  metrics::ClipImageConfig shape;
  shape.width = config.at("width");
  shape.layers = config.at("layers").get<std::array<std::int64_t, 4>>();
  shape.heads = config.at("heads");
  shape.embed_dim = config.at("embed_dim");
  metrics::ClipIqa iqa(shape, config.at("prompt_pairs"));
  iqa.load(fixture.weights(), "golden CLIP-IQA");
  const at::Tensor image = fixture.input("image");
  const auto result = iqa.forward(image.scalar_type() == at::kByte ? image.to(at::kFloat) / 255.0
                                                                   : image.to(at::kFloat));
  fixture.expect_close("image_features", result.image_features);
  fixture.expect_close("score", result.score);
}

const AreaRegistration registration("clip_iqa", &check_clip_iqa);

}  // namespace
}  // namespace oasis::golden
