#include "oasis/model/taehv.h"

#include <torch/torch.h>

#include "golden_suite/fixture.h"
#include "golden_suite/registry.h"

namespace oasis::golden {
namespace {

void check_taehv(const Fixture& fixture) {
  const auto& json = fixture.config();
  model::TaehvConfig config;
  config.latent_channels = json.at("latent_channels");
  config.widths = json.at("decoder_widths").get<std::array<std::int64_t, 4>>();
  config.time_upscale = json.at("decoder_time_upscale").get<std::array<bool, 3>>();
  config.space_upscale = json.at("decoder_space_upscale").get<std::array<bool, 3>>();
  model::TaehvDecoder decoder(config, torch::kFloat);
  checkpoint::load_strictly(decoder.parameters(),
                            model::taehv_decoder_weights(fixture.weights(), decoder), "TAEHV");
  const at::Tensor latent = fixture.input("latent").transpose(1, 2);  // stored as [N, T, C, H, W]
  const at::Tensor decoded = decoder.decode(latent).clamp(0, 1).transpose(1, 2);
  fixture.expect_close("decoded", decoded);
  for (std::int64_t step : {1, 2}) {
    const at::Tensor streamed = decoder.decode_streamed(latent, step).clamp(0, 1).transpose(1, 2);
    fixture.expect_close("decoded", streamed);
  }
}

const AreaRegistration taehv("taehv", &check_taehv);

}  // namespace
}  // namespace oasis::golden
