#pragma once

#include "oasis/nn/window_attention.h"

namespace oasis::nn::window_cpu {

/// Instruction sets with kernels of their own.
enum class InstructionSet { baseline, avx2, avx512 };

/// The best one of this machine.
InstructionSet best_instruction_set();

/// float, double, bfloat16 and half, the last two computed in float.
bool supports(at::ScalarType type);

WindowAttentionResult forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                              const TokenGrid& grid, const AttentionWindow& window,
                              InstructionSet isa);

WindowAttentionGradients backward(const at::Tensor& grad, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v, const WindowAttentionResult& forward,
                                  const TokenGrid& grid, const AttentionWindow& window,
                                  InstructionSet isa);

}  // namespace oasis::nn::window_cpu
