#pragma once

#include "eval_options.h"

namespace oasis::tools {

/// `--bars FILE --compare BASE METHOD`: both are folders of results, `SET/VARIANT.json`. Judges the
/// variants that METHOD has, writes --markdown and --json, prints the bars. Returns the exit code,
/// which does not depend on the verdict. Throws `oasis::Error` where results are missing or do not
/// compare.
int judge_bars(const EvalOptions& options);

}  // namespace oasis::tools
