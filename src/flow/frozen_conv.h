#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>

#include "oasis/nn/parameter_store.h"

namespace oasis::flow {

/// One convolution of a frozen network, padded so that stride 1 keeps the size.
class FrozenConv {
 public:
  struct Shape {
    std::int64_t in;
    std::int64_t out;
    std::pair<std::int64_t, std::int64_t> kernel;  ///< rows, columns
    std::int64_t stride = 1;
  };

  FrozenConv() = default;
  /// Registers `<name>.weight` and `<name>.bias`.
  FrozenConv(nn::ParameterStore& store, const std::string& name, const Shape& shape);

  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor weight_;
  at::Tensor bias_;
  std::int64_t stride_ = 1;
};

}  // namespace oasis::flow
