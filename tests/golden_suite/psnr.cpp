#include "oasis/metrics/psnr.h"

#include "oasis/metrics/dove_protocol.h"
#include "oasis/metrics/ssim.h"
#include "registry.h"

// PSNR and SSIM: their cases differ in nothing but the score.

namespace oasis::golden {
namespace {

using Score = at::Tensor (*)(const at::Tensor&, const at::Tensor&, const metrics::ScoreOptions&);

void check_score(const Fixture& fixture, Score score) {
  const auto& config = fixture.config();
  metrics::ScoreOptions options;
  options.variant = metrics::score_variant_from(config.at("variant"));
  options.channels = metrics::score_channels_from(config.at("channel"));
  options.crop_border = config.value("crop_border", 0);
  if (!config.contains("protocol")) {
    fixture.expect_close(fixture.area(),
                         score(fixture.input("pred"), fixture.input("ref"), options));
    return;
  }
  const auto [pred, reference] = metrics::crop_to_common(
      fixture.input("pred"), fixture.input("ref"), config.value("is_center", false));
  const double mean = metrics::rounded_mean(score(pred, reference, options));
  fixture.expect_close("video", at::scalar_tensor(mean, at::kDouble));
}

const AreaRegistration psnr("psnr", [](const Fixture& f) { check_score(f, &metrics::psnr); });
const AreaRegistration ssim("ssim", [](const Fixture& f) { check_score(f, &metrics::ssim); });

}  // namespace
}  // namespace oasis::golden
