#pragma once

#include <string>
#include <vector>

#include "eval/metric_networks.h"
#include "oasis/eval/clip_pairs.h"
#include "oasis/eval/evaluator.h"
#include "oasis/eval/results.h"

namespace oasis::eval {

/// Decodes a pair once and passes its frames to all metrics that `networks` has ready. Throws
/// `oasis::Error` if the pair cannot be scored.
ClipResult evaluate_clip(const ClipPair& pair, const EvaluationOptions& options,
                         const MetricNetworks& networks);

}  // namespace oasis::eval
