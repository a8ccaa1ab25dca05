#include "bench_model.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <memory>

#include "bench_weights_folder.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/core/memory.h"
#include "oasis/model/oasis_model.h"

namespace oasis::tools {
namespace {

// The kinds in the given shares of every layer and, as near as whole heads allow, of all layers;
// heads of one kind stand together.
nn::HeadMap spread_kinds(const model::WanDitConfig& dit,
                         const std::array<std::int64_t, 3>& shares) {
  nn::HeadMap map = nn::all_global(dit.layers, dit.num_heads);
  for (std::int64_t layer = 0; layer < dit.layers; ++layer) {
    // How many heads of a kind the layers up to this one have, less those before it.
    const auto count = [&](std::int64_t percent) {
      return (layer + 1) * dit.num_heads * percent / 100 - layer * dit.num_heads * percent / 100;
    };
    auto& heads = map.layers[static_cast<std::size_t>(layer)];
    const auto global = count(shares[0]);
    const auto local = count(shares[0] + shares[1]);
    std::fill(heads.begin() + global, heads.end(), nn::HeadKind::intra);
    std::fill(heads.begin() + std::max(global, local), heads.end(), nn::HeadKind::window);
  }
  map.note = "evenly spread; not found by routing";
  return map;
}

std::unique_ptr<model::OasisModel> open_model(const BenchOptions& options,
                                              const model::LoadOptions& load) {
  if (!options.model.empty()) return model::OasisModel::load(options.model, load);
  const WeightsFolder folder;
  auto about = model::description_of_size(options.size);
  if (options.layers > 0) {
    about.dit.layers = options.layers;
    about.head_map.reset();
  }
  if (options.routed != std::array<std::int64_t, 3>{}) {
    about.head_map = spread_kinds(about.dit, options.routed);
  }
  about.precision = precision_name(load.precision);
  log::info("{}: random weights of {}, removed once they are loaded", folder.path().string(),
            about.name);
  model::initialise_model_folder(folder.path(), about, 0);
  throw_if_interrupted();
  return model::OasisModel::load(folder.path(), load);
}

/// Seconds of the three stages and of all in one call.
using CallTimes = std::array<double, 4>;

CallTimes run_once(model::OasisModel& model, const at::Tensor& lq) {
  at::Tensor latent, restored, frames;
  const auto device = lq.device();
  CallTimes times{};
  throw_if_interrupted();
  times[0] = time_once(device, [&] { latent = model.project(lq); });
  times[1] = time_once(device, [&] { restored = model.restore(latent); });
  times[2] = time_once(device, [&] { frames = model.decode(restored, lq); });
  times[3] = times[0] + times[1] + times[2];
  return times;
}

/// One more call of each stage, operator by operator, written to the first three of `stages`.
void profile_stages(model::OasisModel& model, const at::Tensor& lq,
                    std::vector<StageResult>& stages) {
  at::Tensor latent, restored, frames;
  const auto run = [&](std::size_t stage, const std::function<void()>& work) {
    const OperatorProfile profile;
    work();
    stages[stage].profile = profile.times();
  };
  run(0, [&] { latent = model.project(lq); });
  run(1, [&] { restored = model.restore(latent); });
  run(2, [&] { frames = model.decode(restored, lq); });
}

StageResult stage_of(const std::string& name, double macs, const std::vector<CallTimes>& calls,
                     std::size_t index) {
  std::vector<double> later;
  for (std::size_t call = 1; call < calls.size(); ++call) later.push_back(calls[call][index]);
  return {name, macs, calls.front()[index], spread_of(later), {}};
}

}  // namespace

BenchResult bench_model(const BenchOptions& options) {
  const c10::InferenceMode no_gradients;
  set_threads(options.threads);
  keep_freed_memory();  // as oasis-infer does
  const auto device = parse_device(options.device);
  const auto precision = parse_precision(options.precision, device);
  const auto model = open_model(options, {device, precision});
  const auto& about = model->about();

  BenchResult result;
  result.model = about.name;
  result.decoder = model::to_string(about.decoder);
  result.precision = precision_name(precision);
  result.layers = about.dit.layers;
  result.threads = at::get_num_threads();
  result.rates = measure_rates(device, precision);

  torch::manual_seed(0);
  const auto lq =
      at::rand({1, 3, options.frames, options.height, options.width}, at::TensorOptions(device)) *
          2 -
      1;
  std::vector<CallTimes> calls;
  for (int call = 0; call <= options.repeat; ++call) calls.push_back(run_once(*model, lq));
  // What the machine reaches may change meanwhile; the better of two tries is the one to stand by.
  const MachineRates again = measure_rates(device, precision);
  result.rates = {std::max(result.rates.gemm, again.gemm), std::max(result.rates.conv, again.conv)};

  const auto latent = model::latent_of(options.frames, options.height, options.width);
  const auto macs = model::stage_macs(about, latent);
  result.dit = macs.dit;
  result.stages = {stage_of("project", macs.project, calls, 0),
                   stage_of("dit", macs.dit.total(), calls, 1),
                   stage_of("decode", macs.decode, calls, 2)};
  result.all = stage_of("all", macs.project + macs.dit.total() + macs.decode, calls, 3);
  if (options.profile) profile_stages(*model, lq, result.stages);
  result.output_megapixels =
      16e-6 * static_cast<double>(options.frames * options.height * options.width);
  return result;
}

}  // namespace oasis::tools
