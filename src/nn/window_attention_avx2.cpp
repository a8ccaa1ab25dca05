#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "nn/window_attention_kernel.h"

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")

#define OASIS_ISA avx2
#define OASIS_VECTOR_BYTES 32
#define OASIS_BLOCK_ROWS 2
#include "nn/window_attention_kernel.inl"

#pragma GCC pop_options
#endif
