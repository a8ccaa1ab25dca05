#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace oasis::nn {

/// A part of a network as a function of its inputs; it may also use tensors that it holds itself.
using NetworkPart = std::function<at::Tensor(const std::vector<at::Tensor>& inputs)>;

/// `part(inputs)`, of which only the inputs are kept for the backward pass: there `part` runs again
/// (Chen et al., arXiv 1604.06174), with the same gradients. The first time it runs without
/// gradients, and must then leave its inputs as they are; it must not draw random numbers.
///
/// `parameters` are the tensors within `part` that gradients are to reach; they must be the ones
/// that `part` reads. Without gradients to come this is just a call. No second derivatives.
at::Tensor recompute(const NetworkPart& part, const std::vector<at::Tensor>& inputs,
                     const std::vector<at::Tensor>& parameters = {});

/// Whether autograd records on the calling thread, or will when `recompute` runs the part again. A
/// choice of who computes hangs on this, not on `GradMode`: the gradients belong to what the second
/// run computes, so the first must round alike.
bool is_training();

}  // namespace oasis::nn
