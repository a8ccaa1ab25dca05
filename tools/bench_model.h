#pragma once

#include <string>
#include <vector>

#include "bench_machine.h"
#include "bench_options.h"
#include "bench_profile.h"
#include "oasis/model/flop_count.h"

namespace oasis::tools {

/// One stage of the model, or all of them.
struct StageResult {
  std::string name;
  double macs = 0;
  double first = 0;                   ///< seconds of the first call
  Spread seconds;                     ///< of the calls after it
  std::vector<OperatorTime> profile;  ///< of one more call; empty unless asked for

  double flops_per_second() const { return 2 * macs / seconds.median; }
};

struct BenchResult {
  std::string model;
  std::string decoder;
  std::string precision;
  int threads = 0;
  std::int64_t layers = 0;          ///< blocks of the DiT
  std::vector<StageResult> stages;  ///< project, dit, decode
  StageResult all;
  model::DitMacs dit;
  MachineRates rates;
  double output_megapixels = 0;  ///< of the clip
};

/// Loads or makes the model, measures the machine and then the model. Throws `oasis::Error`.
BenchResult bench_model(const BenchOptions& options);

}  // namespace oasis::tools
