#include "oasis/model/average_weights.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <string>
#include <utility>

#include "oasis/core/error.h"

namespace oasis::model {
namespace {

using checkpoint::StateDict;

/// The tensors of one name, from every training.
at::Tensor average(const std::vector<StateDict>& trained, const std::string& name) {
  const at::Tensor& first = trained.front().at(name);
  if (!first.is_floating_point()) {
    for (const StateDict& weights : trained) {
      if (weights.at(name).equal(first)) continue;
      throw Error(
          ExitCode::unreadable_input,
          fmt::format("{} differs and cannot be averaged: it holds no floating point", name));
    }
    return first;
  }
  at::Tensor sum = at::zeros_like(first, at::kDouble);
  for (const StateDict& weights : trained) sum += weights.at(name).to(at::kDouble);
  return (sum / static_cast<double>(trained.size())).to(first.scalar_type());
}

}  // namespace

StateDict average_weights(const std::vector<StateDict>& trained) {
  if (trained.empty()) throw Error(ExitCode::usage, "there are no weights to average");
  const std::vector<std::pair<std::string, at::Tensor>> first(trained.front().begin(),
                                                              trained.front().end());
  StateDict mean;
  for (const StateDict& weights : trained) {
    checkpoint::require_fit(first, weights, "the weights to average differ");
  }
  for (const auto& [name, tensor] : first) mean[name] = average(trained, name);
  return mean;
}

}  // namespace oasis::model
