#include "oasis/metrics/psnr.h"

#include "oasis/metrics/dove_protocol.h"
#include "registry.h"

namespace oasis::golden {
namespace {

void check_psnr(const Fixture& fixture) {
  const auto& config = fixture.config();
  metrics::ScoreOptions options;
  options.variant = metrics::score_variant_from(config.at("variant"));
  options.channels = metrics::score_channels_from(config.at("channel"));
  options.crop_border = config.value("crop_border", 0);
  if (!config.contains("protocol")) {
    fixture.expect_close("psnr",
                         metrics::psnr(fixture.input("pred"), fixture.input("ref"), options));
    return;
  }
  const auto [pred, reference] = metrics::crop_to_common(
      fixture.input("pred"), fixture.input("ref"), config.value("is_center", false));
  const double score = metrics::rounded_mean(metrics::psnr(pred, reference, options));
  fixture.expect_close("video", at::scalar_tensor(score, at::kDouble));
}

const AreaRegistration registration("psnr", &check_psnr);

}  // namespace
}  // namespace oasis::golden
