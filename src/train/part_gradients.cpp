#include "oasis/train/part_gradients.h"

#include <ATen/Functions.h>

#include <cmath>

namespace oasis::train {

PartGradients::PartGradients(const std::vector<std::pair<std::string, at::Tensor>>& parameters) {
  std::int64_t start = 0;
  for (const auto& [name, tensor] : parameters) {
    const std::string part = name.substr(0, name.find('.'));
    if (spans_.empty() || spans_.back().part != part) spans_.push_back({part, start, 0});
    spans_.back().count += tensor.numel();
    start += tensor.numel();
  }
}

std::map<std::string, at::Tensor> PartGradients::norms(const at::Tensor& flat) const {
  std::map<std::string, at::Tensor> squares;
  for (const Span& span : spans_) {
    const at::Tensor norm = at::linalg_vector_norm(flat.narrow(0, span.start, span.count));
    at::Tensor& sum = squares[span.part];
    sum = sum.defined() ? sum + norm.square() : norm.square();
  }
  for (auto& [part, square] : squares) square = square.sqrt();
  return squares;
}

std::vector<std::string> PartGradients::silent(const std::map<std::string, double>& norms) {
  double whole = 0;
  for (const auto& [part, norm] : norms) whole += norm * norm;
  whole = std::sqrt(whole);
  std::vector<std::string> parts;
  for (const auto& [part, norm] : norms) {
    std::int64_t& steps = silent_steps_[part];
    steps = norm < 1e-6 * whole ? steps + 1 : 0;
    if (steps == patience) parts.push_back(part);
  }
  return parts;
}

}  // namespace oasis::train
