#pragma once

namespace oasis::tools {

/// `oasis-bench degrade`: the time of the degradation pipeline on this machine, beside the plain
/// operators one by one. `argv[0]` is the word `degrade`. Returns the exit status; throws
/// `oasis::Error`.
int bench_degrade(int argc, char** argv);

}  // namespace oasis::tools
