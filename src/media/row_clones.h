#pragma once

/// Compiles a function on rows of samples for newer processors as well; the best version is chosen
/// when the program starts. There are no fused products, so the bits are the same on all.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define OASIS_ROW_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define OASIS_ROW_CLONES
#endif
