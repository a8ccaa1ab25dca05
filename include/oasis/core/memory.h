#pragma once

namespace oasis {

/// Lets the allocator keep large freed blocks for the next tensor instead of giving each back to
/// the system: clearing fresh pages costs a CPU run up to half of its time. For programs, once, at
/// the start.
void keep_freed_memory();

}  // namespace oasis
