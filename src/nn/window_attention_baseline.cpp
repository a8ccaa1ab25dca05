#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "nn/window_attention_kernel.h"

#define OASIS_ISA baseline
#define OASIS_VECTOR_BYTES 16
#define OASIS_BLOCK_ROWS 2
#include "nn/window_attention_kernel.inl"
