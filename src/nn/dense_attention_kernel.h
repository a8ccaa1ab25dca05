#pragma once

#include <c10/util/BFloat16.h>

#include "nn/dense_attention_problem.h"

namespace oasis::nn::dense_cpu {

#if defined(__x86_64__)
Passes<float> avx2_passes();
Passes<float> avx512_passes();
Passes<c10::BFloat16> avx512_bf16_passes();
/// For threads of a process that may use tiles (`best_instruction_set` asks).
Passes<c10::BFloat16> amx_bf16_passes();
#endif

}  // namespace oasis::nn::dense_cpu
