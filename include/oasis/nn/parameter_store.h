#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <string>
#include <utility>
#include <vector>

namespace oasis::nn {

/// The parameters of a frozen network under the names of its published checkpoint. Each is
/// allocated once, uninitialised, in its final dtype, device and memory layout.
class ParameterStore {
 public:
  explicit ParameterStore(c10::TensorOptions options) : options_(options) {}

  /// 5-D weights lie in channels_last_3d, 4-D weights in channels_last: the layouts in which
  /// convolutions on the CPU and on tensor cores need no transposition.
  at::Tensor add(const std::string& name, at::IntArrayRef shape);

  const std::vector<std::pair<std::string, at::Tensor>>& items() const { return items_; }

 private:
  c10::TensorOptions options_;
  std::vector<std::pair<std::string, at::Tensor>> items_;
};

}  // namespace oasis::nn
