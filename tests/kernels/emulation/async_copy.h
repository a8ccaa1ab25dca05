#pragma once

#include "block_run.h"
#include "shared_pointer.h"

/// cp.async of the running thread: the bytes move at the wait that covers their group, not before.
namespace oasis::kernels::emulation {

constexpr int kCopyBytes = 16;

void issue_copy(const Extent& extent, int target, const void* source, int valid_bytes,
                const Location& where);
void commit_copies();
/// Completes the oldest groups until at most `pending` are left.
void wait_for_copies(int pending);

}  // namespace oasis::kernels::emulation
