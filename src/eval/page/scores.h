#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oasis/eval/results.h"

namespace oasis::eval::page {

/// The value of `key`; NaN if there is none.
double value_of(const std::map<std::string, double>& values, const std::string& key);

/// The clip's score; NaN for a clip that failed.
double score_of(const ClipResult& clip, const std::string& key);

/// True if `a` is better than `b`. NaN is never better.
bool is_better(const MetricInfo& metric, double a, double b);

/// Indices of the best and the worst of `values`.
struct Extremes {
  std::size_t best = 0;
  std::size_t worst = 0;
};

/// True if both print the same with the metric's decimals.
bool prints_equal(const MetricInfo& metric, double a, double b);

/// None where fewer than two values are numbers, or all print the same.
std::optional<Extremes> extremes(const MetricInfo& metric, const std::vector<double>& values);

/// The curve of `key`, or null if the clip has none.
const std::vector<double>* curve_of(const ClipResult& clip, const std::string& key);

/// The first metric that has a curve in some clip, or null.
const MetricInfo* leading_metric(const EvaluationResult& result);

/// The metric's label with its unit and direction, as HTML.
std::string heading_of(const MetricInfo& metric);

/// A number with a mark: `style` is "best", "worst" or empty.
std::string marked(const std::string& number, const std::string& style);

/// "31.02 dB", as HTML.
std::string with_unit(const MetricInfo& metric, double value);

}  // namespace oasis::eval::page
