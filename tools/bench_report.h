#pragma once

#include <string>

#include "bench_model.h"

namespace oasis::tools {

/// A table on standard output.
void print_result(const BenchOptions& options, const BenchResult& result);

/// The same as JSON to `file`, or to standard output if it is empty. Throws `oasis::Error`.
void write_json_result(const BenchOptions& options, const BenchResult& result,
                       const std::string& file);

}  // namespace oasis::tools
