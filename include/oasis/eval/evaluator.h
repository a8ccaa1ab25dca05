#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <string>
#include <vector>

#include "oasis/eval/clip_pairs.h"
#include "oasis/eval/protocol.h"
#include "oasis/eval/results.h"
#include "oasis/infer/frame_range.h"

namespace oasis::eval {

/// What to measure, and how.
struct EvaluationOptions {
  std::string method;                ///< name in tables
  Protocol protocol;                 ///< as used, options of the user applied
  std::vector<std::string> metrics;  ///< of the catalogue
  infer::FrameRange frames;          ///< of each clip
  std::filesystem::path weights;     ///< folder, may be empty
  bool checked_weights = true;       ///< known hashes must fit
  c10::Device device = c10::kCPU;    ///< of the networks
  int threads = 0;                   ///< 0: one per processor
  bool pictures = true;              ///< gather those of the report
  std::filesystem::path clips;       ///< folder of finished clips to resume from; empty: none
};

/// What came of it.
struct Evaluation {
  EvaluationResult result;
  bool wrong_weights = false;  ///< a weight file was there and is not what it should be
  int reused = 0;              ///< clips taken from an earlier run
};

/// Scores pair after pair: each is decoded once, its frames stream through all metrics. What goes
/// wrong with one clip is said in its `error` (and logged), and the next one follows; a metric that
/// cannot be had of a clip is said in its `notes`. Protocol text, deviations and published rows of
/// the result are the caller's to fill in. Throws `oasis::Error` on interruption.
Evaluation evaluate(const std::vector<ClipPair>& pairs, const EvaluationOptions& options);

/// The means over the clips without error, rounded as `decimals` says.
void fill_means(EvaluationResult& result, int decimals);

}  // namespace oasis::eval
