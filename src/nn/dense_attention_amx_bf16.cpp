#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "nn/dense_attention_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,fma,f16c,amx-tile,amx-bf16")

#define OASIS_ISA amx_bf16
#define OASIS_VECTOR_BYTES 64
#define OASIS_ARITHMETIC "nn/dense_attention_bfloat16.inl"
#define OASIS_PRODUCTS "nn/dense_attention_tiles.inl"
#include "nn/dense_attention_kernel.inl"

#pragma GCC pop_options
#endif
