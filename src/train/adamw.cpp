#include "oasis/train/adamw.h"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "oasis/core/error.h"

namespace oasis::train {
namespace {

// In double precision, a part at a time: the whole would need memory twice its size.
at::Tensor squared_norm(const at::Tensor& values) {
  constexpr std::int64_t part = std::int64_t{1} << 24;
  at::Tensor sum = at::zeros({}, values.options().dtype(at::kDouble));
  for (const at::Tensor& some : values.split(part)) sum += some.to(at::kDouble).square_().sum();
  return sum;
}

}  // namespace

AdamW::AdamW(Parameters parameters, const AdamWOptions& options, std::shared_ptr<Comm> comm)
    : parameters_(std::move(parameters)), options_(options), comm_(std::move(comm)) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> values;
  for (const auto& [name, tensor] : parameters_) {
    count_ += tensor.numel();
    values.push_back(tensor);
  }
  if (count_ == 0) throw Error(ExitCode::failed, "the optimizer was given no parameters");
  for (const std::string& name : options_.no_decay) {
    const bool known = std::any_of(parameters_.begin(), parameters_.end(),
                                   [&name](const auto& item) { return item.first == name; });
    if (!known) {
      throw Error(ExitCode::failed, fmt::format("no parameter {} to exempt from decay", name));
    }
  }
  const std::int64_t world = comm_->world();
  shard_ = (count_ + world - 1) / world;
  master_ = piece_of(flatten(values)).clone();
  exp_avg_ = at::zeros_like(master_);
  exp_avg_sq_ = at::zeros_like(master_);
  if (options_.ema_decay) ema_ = master_.clone();
  build_segments();
}

at::Tensor AdamW::flatten(const std::vector<at::Tensor>& tensors) const {
  const at::Tensor& first = parameters_.front().second;
  at::Tensor flat = at::zeros({shard_ * comm_->world()}, first.options().dtype(at::kFloat));
  std::int64_t start = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::int64_t size = parameters_[i].second.numel();
    if (tensors[i].defined()) flat.narrow(0, start, size).copy_(tensors[i].reshape({-1}));
    start += size;
  }
  return flat;
}

at::Tensor AdamW::piece_of(const at::Tensor& flat) const {
  return flat.narrow(0, comm_->rank() * shard_, shard_);
}

void AdamW::build_segments() {
  const std::int64_t begin = comm_->rank() * shard_;
  std::int64_t start = 0;
  for (const auto& [name, tensor] : parameters_) {
    const std::int64_t end = start + tensor.numel();
    const std::int64_t first = std::max(start, begin) - begin;
    const std::int64_t count = std::min(end, begin + shard_) - begin - first;
    start = end;
    if (count <= 0) continue;
    Segments& group = options_.no_decay.count(name) != 0 ? undecayed_ : decayed_;
    group.place.emplace_back(first, count);
    group.master.push_back(master_.narrow(0, first, count));
    group.exp_avg.push_back(exp_avg_.narrow(0, first, count));
    group.exp_avg_sq.push_back(exp_avg_sq_.narrow(0, first, count));
    group.step.push_back(at::zeros({}, master_.options()));
  }
}

StepReport AdamW::step() {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const auto& [name, tensor] : parameters_) gradients.push_back(tensor.grad());
  return apply(comm_->reduce_scatter_mean(flatten(gradients)));
}

StepReport AdamW::step(const at::Tensor& mean) {
  const at::NoGradGuard no_grad;
  return apply(piece_of(mean));
}

StepReport AdamW::apply(at::Tensor gradient) {
  at::Tensor squared = squared_norm(gradient);
  comm_->all_reduce_sum(squared);

  StepReport report;
  report.grad_norm = std::sqrt(squared.item<double>());
  report.rate = options_.rate.at(steps_++);
  report.skipped = !std::isfinite(report.grad_norm);
  if (report.skipped) return report;
  if (options_.max_grad_norm) {
    const double factor = *options_.max_grad_norm / (report.grad_norm + 1e-6);
    if (factor < 1.0) gradient.mul_(factor);
  }
  update(gradient, report.rate);
  write_parameters();
  if (options_.ema_decay) ema_.lerp_(master_, 1.0 - *options_.ema_decay);
  return report;
}

void AdamW::update(const at::Tensor& gradient, double rate) {
  ++updates_;
  for (Segments* group : {&decayed_, &undecayed_}) {
    if (group->master.empty()) continue;
    std::vector<at::Tensor> gradients;
    for (const auto& [first, count] : group->place) {
      gradients.push_back(gradient.narrow(0, first, count));
    }
    for (at::Tensor& step : group->step) step.fill_(static_cast<double>(updates_));
    at::_fused_adamw_(group->master, gradients, group->exp_avg, group->exp_avg_sq, {}, group->step,
                      rate, options_.beta1, options_.beta2,
                      group == &decayed_ ? options_.weight_decay : 0.0, options_.eps,
                      /*amsgrad=*/false, /*maximize=*/false);
  }
}

void AdamW::write_parameters() {
  const at::Tensor flat = comm_->all_gather(master_);
  std::int64_t start = 0;
  for (auto& [name, tensor] : parameters_) {
    tensor.copy_(flat.narrow(0, start, tensor.numel()).view(tensor.sizes()));
    start += tensor.numel();
  }
}

checkpoint::StateDict AdamW::gather(const at::Tensor& piece) const {
  if (!piece.defined()) return {};
  const at::Tensor flat = comm_->all_gather(piece);
  checkpoint::StateDict result;
  std::int64_t start = 0;
  for (const auto& [name, tensor] : parameters_) {
    const at::Tensor values = flat.narrow(0, start, tensor.numel()).view(tensor.sizes());
    result.emplace(name, values.to(at::kCPU, /*non_blocking=*/false, /*copy=*/true));
    start += tensor.numel();
  }
  return result;
}

checkpoint::StateDict AdamW::shard() const {
  checkpoint::StateDict piece = {{"master", master_},
                                 {"exp_avg", exp_avg_},
                                 {"exp_avg_sq", exp_avg_sq_},
                                 {"updates", at::tensor(updates_, at::kLong)}};
  if (ema_.defined()) piece.emplace("ema", ema_);
  return piece;
}

void AdamW::restore(const std::vector<checkpoint::StateDict>& pieces, std::int64_t steps) {
  const at::NoGradGuard no_grad;
  const auto load = [&](const char* name, at::Tensor& target) {
    std::vector<at::Tensor> parts;
    for (const auto& piece : pieces) {
      const auto found = piece.find(name);
      if (found == piece.end()) {
        throw Error(ExitCode::unreadable_input,
                    fmt::format("the saved optimizer state has no '{}'", name));
      }
      parts.push_back(found->second.to(at::kFloat));
    }
    const at::Tensor saved = at::cat(parts);
    if (saved.size(0) < count_ ||
        saved.size(0) >= count_ + static_cast<std::int64_t>(pieces.size())) {
      throw Error(ExitCode::unreadable_input,
                  fmt::format("the saved optimizer state has {} values in {} pieces, the model {}",
                              saved.size(0), pieces.size(), count_));
    }
    at::Tensor flat = at::zeros({shard_ * comm_->world()}, master_.options());
    flat.narrow(0, 0, count_).copy_(saved.narrow(0, 0, count_));
    target.copy_(piece_of(flat));
  };
  load("master", master_);
  load("exp_avg", exp_avg_);
  load("exp_avg_sq", exp_avg_sq_);
  if (ema_.defined()) load("ema", ema_);
  updates_ = pieces.front().at("updates").item<std::int64_t>();
  steps_ = steps;
  write_parameters();
}

double remembered_start(double ema_decay, std::int64_t steps) {
  return std::pow(ema_decay, static_cast<double>(steps));
}

void AdamW::set_ema(const checkpoint::StateDict& values) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : parameters_) tensors.push_back(values.at(name));
  ema_.copy_(piece_of(flatten(tensors)));
}

}  // namespace oasis::train
