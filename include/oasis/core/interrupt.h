#pragma once

namespace oasis {

/// From now on SIGINT and SIGTERM set a flag instead of ending the process; a second one of either
/// ends it at once.
void install_interrupt_handlers();

/// The signal that arrived (SIGINT or SIGTERM), or 0.
int pending_signal();

/// Throws `oasis::Error` with code `interrupted` or `terminated` if a signal has arrived.
void throw_if_interrupted();

}  // namespace oasis
