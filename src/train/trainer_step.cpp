#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <csignal>

#include "oasis/core/interrupt.h"
#include "oasis/model/oasis_model.h"
#include "train/trainer_run.h"

namespace oasis::train {
namespace {

const std::string kGain = "gain_db";

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

}  // namespace

std::pair<at::Tensor, LossParts> Trainer::Run::forward_loss(const at::Tensor& lq,
                                                            const at::Tensor& hq) {
  if (distiller) return distiller->loss(model, loss, lq, hq);
  const at::Tensor latent = loss.needs_latent() ? model.encode(hq) : at::Tensor();
  const TrainableModel::Output output = model.forward(lq);
  auto result = loss.forward(output, hq, latent);
  result.second.emplace_back(kGain, gain_over_bicubic(output.video, lq, hq));
  return result;
}

void Trainer::Run::accumulate(DeviceValues& values, std::int64_t micro_batches) {
  std::vector<at::Tensor> hq;
  std::vector<at::Tensor> lq;
  for (std::int64_t i = 0; i < config.micro_batch; ++i) {
    const data::TrainingSample sample = loader->next();
    hq.push_back(sample.hq);
    lq.push_back(sample.lq);
  }
  const at::Tensor target = batch_on(device, hq);
  const at::Tensor input = batch_on(device, lq);
  const auto [total, parts] = forward_loss(input, target);
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
  const StepReport done = optimizer.step(gradients.finish());
  skipped_in_a_row = done.skipped ? skipped_in_a_row + 1 : 0;
  state.skipped += done.skipped ? 1 : 0;
  ++state.step;
  LogRow row = share_among_ranks(values);
  row["rate"] = done.rate;
  row["grad_norm"] = done.grad_norm;
  return row;
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
