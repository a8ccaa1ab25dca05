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
#pragma GCC target("avx2,fma,f16c")

#define OASIS_ISA avx2
#define OASIS_VECTOR_BYTES 32
#define OASIS_PANEL_ROWS 4
#define OASIS_ARITHMETIC "nn/dense_attention_float.inl"
#define OASIS_PRODUCTS "nn/dense_attention_panels.inl"
#include "nn/dense_attention_kernel.inl"

#pragma GCC pop_options
#endif
