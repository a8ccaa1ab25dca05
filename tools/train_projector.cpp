#include "train_projector.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "oasis/core/device.h"
#include "oasis/core/log.h"
#include "oasis/model/projector_origin.h"
#include "oasis/train/projector_init.h"
#include "train_source.h"

namespace oasis::tools {
namespace {

train::RidgeFit fit_and_write(const train::TrainConfig& config,
                              std::shared_ptr<const data::SampleSource> source,
                              std::int64_t samples, c10::Device device) {
  train::ProjectorFitOptions options;
  options.samples = samples;
  options.threads = config.data.threads;
  options.device = device;
  options.precision = parse_precision(config.precision, device);
  const train::RidgeFit fit = train::fit_projector(config.start, std::move(source), options);
  train::write_fitted_projector(config.start, fit);
  return fit;
}

nlohmann::ordered_json as_json(const train::FitQuality& quality) {
  return {{"r2", quality.r2}, {"rmse", quality.rmse}, {"deviation", quality.deviation}};
}

void print_fit(const train::TrainConfig& config, int samples, const train::RidgeFit& fit) {
  fmt::print("{}: fitted on {} positions of {} samples\n",
             (config.start / "projector.safetensors").string(), fit.rows, samples);
  fmt::print("channel      R2     RMSE  latent's deviation\n");
  const auto row = [](const std::string& name, const train::FitQuality& quality) {
    fmt::print("{:>7}  {:>6.3f}  {:>7.4f}  {:>7.4f}\n", name, quality.r2, quality.rmse,
               quality.deviation);
  };
  for (std::size_t i = 0; i < fit.channels.size(); ++i) row(std::to_string(i), fit.channels[i]);
  row("all", fit.all);
}

}  // namespace

int fit_start_projector(const train::TrainConfig& config, int samples, c10::Device device,
                        bool json) {
  const train::RidgeFit fit = fit_and_write(config, make_source(config), samples, device);
  if (!json) {
    print_fit(config, samples, fit);
    return 0;
  }
  nlohmann::ordered_json result = {{"projector", (config.start / "projector.safetensors").string()},
                                   {"samples", samples},
                                   {"positions", fit.rows},
                                   {"all", as_json(fit.all)},
                                   {"channels", nlohmann::ordered_json::array()}};
  for (const auto& channel : fit.channels) result["channels"].push_back(as_json(channel));
  fmt::print("{}\n", result.dump());
  return 0;
}

void prepare_projector(const train::TrainConfig& config,
                       std::shared_ptr<const data::SampleSource> source, c10::Device device) {
  if (!config.projector_init.ridge || model::projector_is_fit(config.start)) return;
  const train::RidgeFit fit =
      fit_and_write(config, std::move(source), config.projector_init.samples, device);
  log::info(
      "{}: the projector was random and is now fitted to the encoder's latents of {} samples "
      "(R2 {:.3f}, RMSE {:.3f} of a deviation of {:.3f})",
      config.start.string(), config.projector_init.samples, fit.all.r2, fit.all.rmse,
      fit.all.deviation);
}

}  // namespace oasis::tools
