#include "flow/frozen_conv.h"

#include <ATen/Functions.h>

namespace oasis::flow {

FrozenConv::FrozenConv(nn::ParameterStore& store, const std::string& name, const Shape& shape)
    : weight_(store.add(name + ".weight",
                        {shape.out, shape.in, shape.kernel.first, shape.kernel.second})),
      bias_(store.add(name + ".bias", {shape.out})),
      stride_(shape.stride) {}

at::Tensor FrozenConv::operator()(const at::Tensor& x) const {
  return at::conv2d(x, weight_, bias_, {stride_, stride_},
                    {weight_.size(2) / 2, weight_.size(3) / 2});
}

}  // namespace oasis::flow
