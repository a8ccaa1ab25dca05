#include "oasis/core/interrupt.h"

#include <atomic>
#include <csignal>

#include "oasis/core/error.h"

namespace oasis {
namespace {

std::atomic<int> arrived{0};
static_assert(std::atomic<int>::is_always_lock_free);

void on_signal(int signal) {
  int expected = 0;
  if (!arrived.compare_exchange_strong(expected, signal)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

volatile std::sig_atomic_t save_request = 0;

void remember_save(int) { save_request = 1; }

}  // namespace

void install_save_handler() { std::signal(SIGUSR1, remember_save); }

bool take_save_request() {
  const bool asked = save_request != 0;
  save_request = 0;
  return asked;
}

void install_interrupt_handlers() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

int pending_signal() { return arrived.load(); }

void throw_if_interrupted() {
  const int signal = pending_signal();
  if (signal == SIGINT) throw Error(ExitCode::interrupted, "interrupted");
  if (signal == SIGTERM) throw Error(ExitCode::terminated, "terminated");
}

}  // namespace oasis
