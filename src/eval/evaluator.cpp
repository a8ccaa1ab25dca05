#include "oasis/eval/evaluator.h"

#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <cmath>
#include <opencv2/core/version.hpp>
#include <set>
#include <utility>

#include "eval/clip_evaluation.h"
#include "eval/clip_store.h"
#include "eval/metric_networks.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/core/version.h"
#include "oasis/eval/metric_catalogue.h"

namespace oasis::eval {
namespace {

bool any_reference(const std::vector<ClipPair>& pairs) {
  for (const auto& pair : pairs) {
    if (!pair.reference.empty()) return true;
  }
  return false;
}

ClipResult failed(const ClipPair& pair, const std::string& why) {
  log::error("{}: {}", pair.name, why);
  ClipResult result;
  result.name = pair.name;
  result.output = pair.output;
  result.reference = pair.reference;
  result.error = why;
  return result;
}

// Scored anew or taken from an earlier run; what goes wrong is in its `error`.
ClipResult clip_result(const ClipPair& pair, const EvaluationOptions& options,
                       const MetricNetworks& networks, const std::string& weights, ClipStore& store,
                       int& reused) {
  if (!pair.problem.empty()) return failed(pair, pair.problem);
  try {
    const std::string key = clip_key(pair, options, weights);
    if (auto kept = store.find(pair.name, key)) {
      log::info("{}: already done", pair.name);
      ++reused;
      return *kept;
    }
    ClipResult result = evaluate_clip(pair, options, networks);
    store.save(result, key);
    for (const auto& note : result.notes) log::info("{}: {}", pair.name, note);
    return result;
  } catch (const Error& error) {
    if (error.code() == ExitCode::interrupted || error.code() == ExitCode::terminated) throw;
    return failed(pair, error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    return failed(pair, error.what());
  }
}

std::string weights_line(const std::map<std::string, std::string>& hashes) {
  std::string line = "weights";
  for (const auto& [name, hash] : hashes) line += fmt::format(" {}={}", name, hash);
  return line;
}

std::string scores_line(const EvaluationResult& result, const ClipResult& clip) {
  std::string line;
  for (const auto& column : result.metrics) {
    const auto score = clip.scores.find(column.key);
    if (score == clip.scores.end()) continue;
    line += fmt::format("{}{} {:.{}f}", line.empty() ? "" : ", ", column.label, score->second,
                        column.decimals);
  }
  return line;
}

}  // namespace

void fill_means(EvaluationResult& result, int decimals) {
  result.means.clear();
  std::set<std::string> keys;
  for (const auto& clip : result.clips) {
    for (const auto& [key, value] : clip.scores) keys.insert(key);
  }
  for (const auto& key : keys) {
    std::vector<double> values;
    for (const auto& clip : result.clips) {
      const auto score = clip.scores.find(key);
      if (!clip.error.empty() || score == clip.scores.end() || std::isnan(score->second)) continue;
      values.push_back(score->second);
    }
    if (!values.empty()) result.means[key] = mean_score(values, decimals);
  }
}

Evaluation evaluate(const std::vector<ClipPair>& pairs, const EvaluationOptions& options) {
  const c10::InferenceMode frozen;
  Evaluation evaluation;
  auto& result = evaluation.result;
  result.method = options.method;
  result.protocol = options.protocol.name;
  result.versions = {{"oasis", version()}, {"torch", torch_version()}, {"opencv", CV_VERSION}};

  std::vector<std::string> possible;
  for (const auto& metric : options.metrics) {
    if (needs_reference(metric, options.protocol) && !any_reference(pairs)) {
      result.missing.push_back({metric, "needs --reference"});
    } else {
      possible.push_back(metric);
    }
  }
  WeightFolder weights(options.weights, options.checked_weights);
  const MetricNetworks networks(possible, options.protocol, weights, options.device);
  for (const auto& metric : networks.missing) result.missing.push_back(metric);
  evaluation.wrong_weights = networks.wrong_file;
  for (const auto& [name, hash] : weights.hashes()) result.versions[name] = hash;
  for (const auto& metric : networks.ready) {
    for (auto& column : columns_of(metric, options.protocol)) {
      result.metrics.push_back(std::move(column));
    }
  }
  for (const auto& metric : result.missing) {
    log::info("{}: not computed: {}", metric.key, metric.reason);
  }
  if (networks.ready.empty()) {
    throw Error(ExitCode::unreadable_input,
                "none of the metrics can be computed: see oasis-eval --weights-help");
  }

  ClipStore store(options.clips);
  EvaluationOptions used = options;
  used.metrics = networks.ready;
  for (const auto& pair : pairs) {
    result.clips.push_back(clip_result(pair, used, networks, weights_line(weights.hashes()), store,
                                       evaluation.reused));
    const auto& clip = result.clips.back();
    if (clip.error.empty()) {
      log::info("[{}/{}] {}: {} frames: {}", result.clips.size(), pairs.size(), clip.name,
                clip.frames, scores_line(result, clip));
    }
  }
  fill_means(result, options.protocol.decimals);
  return evaluation;
}

}  // namespace oasis::eval
