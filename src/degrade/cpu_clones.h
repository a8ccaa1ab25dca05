#pragma once

/// Compiles a function for newer processors as well; the best version is chosen when the program
/// starts. OASIS_CLONES_EXACT gives the same bits on each of them (no fused multiply-add),
/// OASIS_CLONES_FAST does not.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define OASIS_CLONES_EXACT __attribute__((target_clones("avx2", "default")))
#define OASIS_CLONES_FAST __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define OASIS_CLONES_EXACT
#define OASIS_CLONES_FAST
#endif
