#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "oasis/degrade/options.h"

namespace oasis::golden {

/// The drawn parameters of many clips as columns of numbers.
class PlanSample {
 public:
  PlanSample(const degrade::DegradationOptions& options, std::uint64_t seed, std::int64_t clips,
             int frames);

  /// One parameter, `blur1.sigma_x`: of all clips and frames, NaN where the operator is left out
  /// or, for an effective exponent, where the type has none.
  struct Series {
    std::string name;
    std::vector<double> values;  ///< [clip][frame]
  };

  const degrade::DegradationOptions& options() const { return options_; }
  std::size_t clips() const { return clips_; }
  std::size_t frames() const { return frames_; }
  /// `degrade_plan` fixtures name parameters like this; throws std::out_of_range for other names.
  const Series& series(const std::string& name) const { return series_[index_.at(name)]; }
  const std::vector<Series>& all() const { return series_; }
  /// A frame's values, NaN included.
  std::vector<double> column(const std::string& name, std::size_t frame) const;
  /// Per operator: the share of clips in which it is applied.
  const std::map<std::string, double>& applied() const { return applied_; }
  /// The share of clips in which the first group of the first shuffle runs before the second.
  double first_group_first() const { return first_group_first_; }

 private:
  void add_series(const std::string& name);

  const degrade::DegradationOptions& options_;
  std::size_t clips_, frames_;
  std::vector<Series> series_;
  std::map<std::string, std::size_t> index_;
  std::map<std::string, double> applied_;
  double first_group_first_ = 0;
};

/// What a `degrade_plan` fixture asks for.
struct StatisticsRequest {
  std::vector<double> levels;
  std::vector<std::size_t> later_frames;
  std::vector<std::string> correlation;
  std::vector<std::string> step_correlation;
};

/// The numbers of AREAS.md, `degrade_plan`, by their names; matrices row by row.
class PlanStatistics {
 public:
  PlanStatistics(const PlanSample& first, const PlanSample& over_time,
                 const StatisticsRequest& request);

  const std::map<std::string, std::vector<double>>& values() const { return values_; }

 private:
  void count_operator(const degrade::OperatorOptions& of);
  void count_walk(const std::string& name);
  void count_categories(const std::string& name, std::size_t categories);
  void count_quantiles(const std::string& name, const std::string& as);
  void count_omega_by_size(const std::string& op);
  void count_kept(const std::string& op, const std::string& family);
  void count_moved(const std::string& op);
  void count_quality(const std::string& name, const degrade::Walk& quality);
  void count_correlations();

  const PlanSample& first_;
  const PlanSample& over_time_;
  StatisticsRequest request_;
  std::map<std::string, std::vector<double>> values_;
};

}  // namespace oasis::golden
