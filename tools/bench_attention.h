#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench_machine.h"
#include "oasis/core/token_grid.h"
#include "oasis/nn/routed_attention.h"

namespace oasis::tools {

/// What the command line of `oasis-bench attention` says.
struct AttentionBenchOptions {
  TokenGrid grid{9, 45, 80};  ///< 33 frames of 720p at the output
  nn::AttentionWindow window;
  std::int64_t batch = 1;
  std::int64_t heads = 12;  ///< of one group
  std::int64_t head_dim = 128;
  std::string device = "cpu";
  std::string precision;
  int threads = 0;
  int repeat = 5;                   ///< timed calls
  double dense_seconds = 20;        ///< for the calls of a dense group; see `AttentionTime::share`
  bool backward = false;            ///< time the gradients too
  std::optional<std::string> json;  ///< a file; empty text: standard output
};

/// One direction of one group.
struct AttentionTime {
  Spread seconds;  ///< of all queries
  /// Of the queries that were timed: a dense group that would take longer than `dense_seconds` is
  /// timed on its first queries with all their keys, and `seconds` is scaled up.
  double share = 1;
  double flops = 0;           ///< useful ones: 4 * D per pair; 2.5 times that for the gradients
  std::size_t temporary = 0;  ///< bytes held besides arguments and results

  double rate() const { return flops / seconds.median; }
};

/// All heads as heads of one kind.
struct AttentionGroup {
  nn::HeadKind kind = nn::HeadKind::global;
  double pairs = 0;  ///< of queries and keys, one head
  AttentionTime forward;
  std::optional<AttentionTime> backward;
};

struct AttentionBenchResult {
  std::string precision;
  int threads = 0;
  MachineRates rates;
  std::vector<AttentionGroup> groups;  ///< global, intra, window
};

/// Measures the machine, then each group on random q, k and v. Throws `oasis::Error`.
AttentionBenchResult bench_attention(const AttentionBenchOptions& options);

/// `oasis-bench attention`: command line, measurement, table or JSON. Returns the exit status;
/// throws `oasis::Error`.
int run_bench_attention(int argc, char** argv);

}  // namespace oasis::tools
