#include "oasis/core/program.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <exception>
#include <new>
#include <string>

#include "oasis/core/error.h"
#include "oasis/core/log.h"

namespace oasis {
namespace {

int fail(ExitCode code, const std::string& message) {
  log::error("{}", message.substr(0, message.find('\n')));
  return static_cast<int>(code);
}

}  // namespace

int run_program(const std::function<int()>& body, const char* memory_hint) {
  try {
    return body();
  } catch (const Error& error) {
    return fail(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(ExitCode::out_of_memory, fmt::format("not enough memory: {}", memory_hint));
  } catch (const c10::OutOfMemoryError& error) {
    return fail(ExitCode::out_of_memory, fmt::format("not enough memory on the device: {}; {}",
                                                     memory_hint, error.what_without_backtrace()));
  } catch (const c10::Error& error) {
    return fail(ExitCode::failed, error.what_without_backtrace());
  } catch (const std::exception& error) {
    return fail(ExitCode::failed, error.what());
  }
}

}  // namespace oasis
