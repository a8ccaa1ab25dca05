#pragma once

namespace oasis {

/// From now on SIGINT and SIGTERM set a flag instead of ending the process; a second one of either
/// ends it at once.
void install_interrupt_handlers();

/// The signal that arrived (SIGINT or SIGTERM), or 0.
int pending_signal();

/// SIGUSR1 from now on asks a program to save its state and go on.
void install_save_handler();

/// Whether SIGUSR1 has arrived since the last call.
bool take_save_request();

/// Throws `oasis::Error` with code `interrupted` or `terminated` if a signal has arrived.
void throw_if_interrupted();

}  // namespace oasis
