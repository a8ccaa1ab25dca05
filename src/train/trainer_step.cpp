#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <csignal>

#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/core/philox.h"
#include "oasis/model/oasis_model.h"
#include "train/trainer_run.h"

namespace oasis::train {
namespace {

const std::string kGain = "gain_db";
const std::string kGradNorm = "grad_norm/";

void add_value(DeviceValues& values, const std::string& name, const at::Tensor& value) {
  at::Tensor& sum = values[name];
  sum = sum.defined() ? sum + value : value;
}

/// Samples side by side; from pinned memory the copies run beside the computation.
at::Tensor batch_on(c10::Device device, const std::vector<at::Tensor>& samples) {
  if (device.is_cpu()) return at::stack(samples);
  std::vector<std::int64_t> shape = samples.front().sizes().vec();
  shape.insert(shape.begin(), static_cast<std::int64_t>(samples.size()));
  at::Tensor batch = at::empty(shape, samples.front().options().device(device));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    batch[static_cast<std::int64_t>(i)].copy_(samples[i], /*non_blocking=*/true);
  }
  return batch;
}

/// By how many dB the result is nearer to HQ than bicubic x4 of its LQ: a mean that hardly depends
/// on what the samples show, unlike the losses.
at::Tensor gain_over_bicubic(const at::Tensor& video, const at::Tensor& lq, const at::Tensor& hq) {
  const torch::NoGradGuard no_grad;
  const auto error = [&hq](const at::Tensor& v) {
    return (v.to(at::kFloat) - hq).square().mean({1, 2, 3, 4}).clamp_min(1e-10);
  };
  return (10 * at::log10(error(model::bicubic_x4(lq)) / error(video))).mean();
}

/// Which samples keep their condition (1, else 0), by their number in the run; none where all do.
at::Tensor draw_conditions(const TrainConfig& config, const std::vector<std::uint64_t>& samples) {
  if (config.condition_dropout == 0) return {};
  constexpr std::uint32_t purpose = 0x636f6e64U;
  at::Tensor keep = at::empty({static_cast<std::int64_t>(samples.size())}, at::kFloat);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const PhiloxCounter words = philox(
        {static_cast<std::uint32_t>(samples[i]), static_cast<std::uint32_t>(samples[i] >> 32),
         static_cast<std::uint32_t>(config.stage), purpose},
        {static_cast<std::uint32_t>(config.seed), static_cast<std::uint32_t>(config.seed >> 32)});
    const bool drop = words[0] / 4294967296.0 < config.condition_dropout;
    keep[static_cast<std::int64_t>(i)] = drop ? 0.0F : 1.0F;
  }
  return keep;
}

}  // namespace

std::pair<at::Tensor, LossParts> Trainer::Run::forward_loss(
    const at::Tensor& lq, const at::Tensor& hq, const std::vector<std::uint64_t>& samples) {
  if (distiller) return distiller->loss(model, loss, lq, hq);
  const at::Tensor latent = loss.needs_latent() ? model.encode(hq) : at::Tensor();
  at::Tensor condition = draw_conditions(config, samples);
  if (condition.defined()) condition = condition.to(device, /*non_blocking=*/true);
  const TrainableModel::Output output = model.forward(lq, condition);
  auto result = loss.forward(output, hq, latent);
  result.second.emplace_back(kGain, gain_over_bicubic(output.video, lq, hq));
  return result;
}

void Trainer::Run::accumulate(DeviceValues& values, std::int64_t micro_batches) {
  std::vector<at::Tensor> hq;
  std::vector<at::Tensor> lq;
  std::vector<std::uint64_t> numbers;
  for (std::int64_t i = 0; i < config.micro_batch; ++i) {
    const data::TrainingSample sample = loader->next();
    hq.push_back(sample.hq);
    lq.push_back(sample.lq);
    numbers.push_back(sample.uid);
  }
  const at::Tensor target = batch_on(device, hq);
  const at::Tensor input = batch_on(device, lq);
  const auto [total, parts] = forward_loss(input, target, numbers);
  const double share = 1.0 / static_cast<double>(micro_batches);
  (total * share).backward();
  add_value(values, "loss", share * total.detach());
  for (const auto& [name, value] : parts) {
    add_value(values, name == kGain ? name : "loss/" + name, share * value);
  }
}

LogRow Trainer::Run::train_step() {
  DeviceValues values;
  const std::int64_t micro_batches = local_batch() / config.micro_batch;
  for (std::int64_t i = 0; i < micro_batches; ++i) {
    gradients.begin(i == 0, i + 1 == micro_batches);
    accumulate(values, micro_batches);
  }
  const at::Tensor mean = gradients.finish();
  for (const auto& [part, norm] : part_gradients.norms(mean)) values[kGradNorm + part] = norm;
  const StepReport done = optimizer.step(mean);
  skipped_in_a_row = done.skipped ? skipped_in_a_row + 1 : 0;
  state.skipped += done.skipped ? 1 : 0;
  ++state.step;
  LogRow row = share_among_ranks(values);
  warn_of_silent_parts(row);
  row["rate"] = done.rate;
  row["grad_norm"] = done.grad_norm;
  return row;
}

void Trainer::Run::warn_of_silent_parts(const LogRow& row) {
  std::map<std::string, double> norms;
  for (const auto& [name, value] : row) {
    if (name.rfind(kGradNorm, 0) == 0) norms[name.substr(kGradNorm.size())] = value;
  }
  for (const std::string& part : part_gradients.silent(norms)) {
    if (comm->rank() != 0) continue;
    log::warn(
        "for {} steps next to nothing of the gradient has reached '{}': what lies behind it "
        "ignores it, and it no longer learns (docs/training.md, \"What a healthy run looks like\")",
        PartGradients::patience, part);
  }
}

// One collective and one transfer for all that a step has to say.
LogRow Trainer::Run::share_among_ranks(const DeviceValues& values) {
  std::vector<at::Tensor> all;
  for (const auto& item : values) all.push_back(item.second.to(at::kDouble));
  const std::array<double, 3> asked = {static_cast<double>(pending_signal() == SIGTERM),
                                       static_cast<double>(pending_signal() == SIGINT),
                                       static_cast<double>(take_save_request())};
  all.push_back(at::tensor(at::ArrayRef<double>(asked), at::kDouble).to(device));
  for (at::Tensor& value : all) value = value.reshape({-1});
  at::Tensor sums = at::cat(all);
  comm->all_reduce_sum(sums);
  sums = sums.cpu();
  const double* next = sums.const_data_ptr<double>();
  LogRow row;
  for (const auto& item : values) row[item.first] = *next++ / comm->world();
  signal_raised = next[0] > 0 ? SIGTERM : next[1] > 0 ? SIGINT : 0;
  save_asked = next[2] > 0;
  return row;
}

}  // namespace oasis::train
