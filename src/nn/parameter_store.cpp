#include "oasis/nn/parameter_store.h"

#include <torch/types.h>

namespace oasis::nn {

at::Tensor ParameterStore::add(const std::string& name, at::IntArrayRef shape) {
  const auto format = shape.size() == 5   ? at::MemoryFormat::ChannelsLast3d
                      : shape.size() == 4 ? at::MemoryFormat::ChannelsLast
                                          : at::MemoryFormat::Contiguous;
  at::Tensor parameter = at::empty(shape, options_.memory_format(format));
  items_.emplace_back(name, parameter);
  return parameter;
}

}  // namespace oasis::nn
