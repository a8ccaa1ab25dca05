#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace oasis::train {

/// Watches how much of the gradient reaches each part of the model ("projector", "dit", "decoder",
/// "lora"): a part that gets none is dead weight which no loss curve shows.
class PartGradients {
 public:
  /// Parameters named "part.rest", in the order in which they lie in the flat gradient.
  explicit PartGradients(const std::vector<std::pair<std::string, at::Tensor>>& parameters);

  /// Norms by part, 0-dimensional, on the gradient's device.
  std::map<std::string, at::Tensor> norms(const at::Tensor& flat) const;

  /// Takes a step's norms. Returns the parts that have had less than a millionth of the whole for
  /// the last `patience` steps, each once.
  std::vector<std::string> silent(const std::map<std::string, double>& norms);

  static constexpr std::int64_t patience = 50;

 private:
  struct Span {
    std::string part;
    std::int64_t start;
    std::int64_t count;
  };
  std::vector<Span> spans_;
  std::map<std::string, std::int64_t> silent_steps_;
};

}  // namespace oasis::train
