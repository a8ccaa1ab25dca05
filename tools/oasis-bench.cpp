// Measures the model on this machine: `oasis-bench model`.
#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <string>

#include "bench_model.h"
#include "bench_options.h"
#include "bench_report.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"

namespace oasis::tools {
namespace {

int run(int argc, char** argv) {
  const auto options = parse_bench_options(argc, argv);
  if (!options) return 0;
  install_interrupt_handlers();
  const auto result = bench_model(*options);
  const bool json_only = options->json && options->json->empty();
  if (!json_only) print_result(*options, result);
  if (options->json) write_json_result(*options, result, *options->json);
  return 0;
}

int fail(ExitCode code, const std::string& message) {
  log::error("{}", message.substr(0, message.find('\n')));
  return static_cast<int>(code);
}

}  // namespace
}  // namespace oasis::tools

int main(int argc, char** argv) {
  using oasis::ExitCode;
  using oasis::tools::fail;
  try {
    return oasis::tools::run(argc, argv);
  } catch (const oasis::Error& error) {
    return fail(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(ExitCode::out_of_memory,
                "not enough memory: choose fewer --frames or a smaller "
                "--width and --height");
  } catch (const c10::OutOfMemoryError& error) {
    return fail(ExitCode::out_of_memory, error.what_without_backtrace());
  } catch (const c10::Error& error) {
    return fail(ExitCode::failed, error.what_without_backtrace());
  } catch (const std::exception& error) {
    return fail(ExitCode::failed, error.what());
  }
}
