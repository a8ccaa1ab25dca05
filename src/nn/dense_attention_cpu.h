#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace oasis::nn::dense_cpu {

/// Instruction sets with a kernel: the first two for float, the others for bfloat16.
enum class InstructionSet { avx2, avx512, avx512_bf16, amx_bf16 };

/// The best one of this machine for a data type; none where the framework's own attention serves.
std::optional<InstructionSet> best_instruction_set(at::ScalarType type);

/// Whether the kernel of that type takes heads of `dim` channels: a multiple of 8 words of 4 bytes.
bool supports(at::ScalarType type, std::int64_t dim);

/// `dense_attention` without a record for autograd, by the kernel of one instruction set. Memory:
/// the keys and values of as many heads as keep all threads busy, and some blocks per thread.
at::Tensor forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                   InstructionSet isa);

}  // namespace oasis::nn::dense_cpu
