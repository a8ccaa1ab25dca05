#pragma once

#include <functional>

namespace oasis {

/// The body of a program's `main`: runs `body` and turns what it throws into one line on standard
/// error and a documented exit code (docs/interfaces.md). `body` returns the exit code of a run
/// that ended by itself; `memory_hint` completes "not enough memory: ..." with what the user can
/// do.
int run_program(const std::function<int()>& body, const char* memory_hint);

}  // namespace oasis
