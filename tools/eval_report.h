#pragma once

#include "eval_options.h"
#include "oasis/eval/clip_pairs.h"
#include "oasis/eval/results.h"

namespace oasis::tools {

/// What is paired with what, one line a pair, on standard error.
void log_pairs(const std::vector<eval::ClipPair>& pairs);

/// Clips, means, what is missing, published rows and the protocol, for reading, on standard output.
void print_results(const eval::EvaluationResult& result);

/// Means, differences with intervals, wins.
void print_comparison(const eval::Comparison& comparison);

/// Writes `text` to the file of --json, or to standard output.
void write_json(const EvalOptions& options, const std::string& text);

}  // namespace oasis::tools
