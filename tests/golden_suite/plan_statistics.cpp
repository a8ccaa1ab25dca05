#include "plan_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace oasis::golden {
namespace {

using namespace degrade;
using Column = std::vector<double>;

Column present(const Column& values) {
  Column kept;
  for (const double value : values) {
    if (!std::isnan(value)) kept.push_back(value);
  }
  return kept;
}

// The smallest value whose share of the sample is at least the level.
void append_quantiles(Column values, const std::vector<double>& levels, Column& target) {
  std::sort(values.begin(), values.end());
  for (const double level : levels) {
    const double rank = std::ceil(level * static_cast<double>(values.size()) - 1e-9) - 1;
    const auto place = static_cast<std::size_t>(std::max(rank, 0.0));
    target.push_back(values.empty() ? 0 : values[std::min(place, values.size() - 1)]);
  }
}

void append_shares(const Column& values, std::size_t categories, Column& target) {
  Column shares(categories, 0.0);
  for (const double value : values) shares[static_cast<std::size_t>(value)] += 1;
  for (const double share : shares) {
    target.push_back(values.empty() ? 0 : share / static_cast<double>(values.size()));
  }
}

double correlation(const Column& x, const Column& y) {
  double n = 0, sum_x = 0, sum_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) || std::isnan(y[i])) continue;
    n += 1;
    sum_x += x[i];
    sum_y += y[i];
  }
  if (n == 0) return 0;
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) || std::isnan(y[i])) continue;
    const double dx = x[i] - sum_x / n, dy = y[i] - sum_y / n;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  constexpr double no_variance = 1e-20;
  return xx > no_variance * n && yy > no_variance * n ? xy / std::sqrt(xx * yy) : 0;
}

Column differences(const Column& later, const Column& earlier) {
  Column result(later.size());
  for (std::size_t i = 0; i < later.size(); ++i) result[i] = later[i] - earlier[i];
  return result;
}

// Changes from frame to frame of one parameter, of all clips.
struct Steps {
  double sum_of_squares = 0;
  double largest = 0;
  double changed = 0;
  double count = 0;

  void add(double step) {
    sum_of_squares += step * step;
    largest = std::max(largest, std::abs(step));
    changed += step != 0 ? 1 : 0;
    count += 1;
  }
  double rms() const { return count > 0 ? std::sqrt(sum_of_squares / count) : 0; }
  double changed_share() const { return count > 0 ? changed / count : 0; }
};

template <typename Visit>
void for_each_step(const PlanSample& sample, const std::string& name, const Visit& visit) {
  const auto& values = sample.series(name).values;
  for (std::size_t clip = 0; clip < sample.clips(); ++clip) {
    const double* clip_values = values.data() + clip * sample.frames();
    for (std::size_t frame = 1; frame < sample.frames(); ++frame) {
      if (!std::isnan(clip_values[frame])) visit(clip_values[frame - 1], clip_values[frame]);
    }
  }
}

}  // namespace

PlanStatistics::PlanStatistics(const PlanSample& first, const PlanSample& over_time,
                               const StatisticsRequest& request)
    : first_(first), over_time_(over_time), request_(request) {
  values_["order.video_first"] = {first.first_group_first()};
  for (const OperatorOptions& of : first.options().operators) {
    values_[of.name + ".applied"] = {first.applied().at(of.name)};
    count_operator(of);
  }
  count_correlations();
}

void PlanStatistics::count_operator(const OperatorOptions& of) {
  const std::string dot = of.name + ".";
  if (const auto* blur = std::get_if<BlurOptions>(&of.kind)) {
    count_categories(dot + "type", blur->types.values.size());
    count_categories(dot + "kernel_size", blur->kernel_sizes.size());
    for (const char* name :
         {"sigma_x", "sigma_y", "theta", "beta_gaussian", "beta_plateau", "omega"}) {
      count_walk(dot + name);
    }
    count_omega_by_size(of.name);
    for (const char* family : {"gaussian", "plateau"}) count_kept(of.name, family);
    count_moved(of.name);
  } else if (const auto* resize = std::get_if<ResizeOptions>(&of.kind)) {
    count_categories(dot + "mode", resize->modes.values.size());
    count_categories(dot + "interp", resize->interpolations.values.size());
    count_walk(dot + "scale");
  } else if (const auto* noise = std::get_if<NoiseOptions>(&of.kind)) {
    count_categories(dot + "type", noise->types.values.size());
    count_categories(dot + "gray", 2);
    // Only the share of grey is asked for, not that of colour.
    for (const char* name : {"gray.probabilities", "gray.probabilities_later"}) {
      Column& shares = values_[dot + name];
      Column gray;
      for (std::size_t i = 1; i < shares.size(); i += 2) gray.push_back(shares[i]);
      shares = gray;
    }
    count_walk(dot + "sigma");
    count_walk(dot + "poisson_scale");
  } else if (const auto* jpeg = std::get_if<JpegOptions>(&of.kind)) {
    count_quality(dot + "quality", jpeg->quality);
  } else if (const auto* video = std::get_if<VideoOptions>(&of.kind)) {
    count_categories(dot + "codec", video->codecs.values.size());
    count_quantiles(dot + "bitrate", dot + "bitrate");
  }
}

void PlanStatistics::count_walk(const std::string& name) {
  count_quantiles(name, name);
  Steps steps, drift;
  for_each_step(over_time_, name, [&](double before, double after) { steps.add(after - before); });
  const Column start = over_time_.column(name, 0);
  const Column end = over_time_.column(name, over_time_.frames() - 1);
  for (const double way : present(differences(end, start))) drift.add(way);
  // Of all clips, those drawn for the first frame only among them.
  Column all = present(over_time_.series(name).values);
  const Column first = present(first_.series(name).values);
  all.insert(all.end(), first.begin(), first.end());
  const auto [least, most] = std::minmax_element(all.begin(), all.end());
  values_[name + ".range"] = all.empty() ? Column{0, 0} : Column{*least, *most};
  values_[name + ".step_rms"] = {steps.rms()};
  values_[name + ".step_max"] = {steps.largest};
  values_[name + ".drift_rms"] = {drift.rms()};
}

void PlanStatistics::count_categories(const std::string& name, std::size_t categories) {
  append_shares(present(first_.column(name, 0)), categories, values_[name + ".probabilities"]);
  Column& later = values_[name + ".probabilities_later"];
  for (const std::size_t frame : request_.later_frames) {
    append_shares(present(over_time_.column(name, frame)), categories, later);
  }
  Steps steps;
  for_each_step(over_time_, name, [&](double before, double after) { steps.add(after - before); });
  values_[name + ".change"] = {steps.changed_share()};
}

void PlanStatistics::count_quantiles(const std::string& name, const std::string& as) {
  append_quantiles(present(first_.column(name, 0)), request_.levels, values_[as + ".quantiles"]);
  Column& later = values_[as + ".quantiles_later"];
  for (const std::size_t frame : request_.later_frames) {
    append_quantiles(present(over_time_.column(name, frame)), request_.levels, later);
  }
}

void PlanStatistics::count_omega_by_size(const std::string& op) {
  const auto* blur = static_cast<const BlurOptions*>(nullptr);
  for (const OperatorOptions& of : first_.options().operators) {
    if (of.name == op) blur = &std::get<BlurOptions>(of.kind);
  }
  const auto part = [&](const PlanSample& sample, std::size_t frame, bool small) {
    const Column omega = sample.column(op + ".omega", frame);
    const Column size = sample.column(op + ".kernel_size", frame);
    Column kept;
    for (std::size_t i = 0; i < omega.size(); ++i) {
      if (std::isnan(omega[i])) continue;
      if ((blur->kernel_sizes[static_cast<std::size_t>(size[i])] < 13) == small) {
        kept.push_back(omega[i]);
      }
    }
    return kept;
  };
  for (const bool small : {true, false}) {
    const std::string name = op + (small ? ".omega_small" : ".omega_large");
    append_quantiles(part(first_, 0, small), request_.levels, values_[name + ".quantiles"]);
    Column& later = values_[name + ".quantiles_later"];
    for (const std::size_t frame : request_.later_frames) {
      append_quantiles(part(over_time_, frame, small), request_.levels, later);
    }
  }
}

void PlanStatistics::count_kept(const std::string& op, const std::string& family) {
  const std::string effective = op + ".effective_beta_" + family;
  count_quantiles(effective, effective);
  if (over_time_.frames() < 2) return;
  const auto share = [&](std::size_t frame) {
    Column u = over_time_.column(effective, frame);
    const Column b = over_time_.column(op + ".beta_" + family, frame);
    for (std::size_t i = 0; i < u.size(); ++i) {
      constexpr double undefined_near = 0.01;
      u[i] = std::abs(b[i] - 1) > undefined_near ? (u[i] - 1) / (b[i] - 1)
                                                 : std::numeric_limits<double>::quiet_NaN();
    }
    return u;
  };
  values_[effective + ".kept"] = {correlation(share(0), share(1))};
}

void PlanStatistics::count_moved(const std::string& op) {
  const Column& x = over_time_.series(op + ".sigma_x").values;
  const Column& y = over_time_.series(op + ".sigma_y").values;
  double count = 0, moved_x = 0, moved_both = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i % over_time_.frames() == 0 || std::isnan(x[i])) continue;
    count += 1;
    moved_x += x[i] != x[i - 1] ? 1 : 0;
    moved_both += x[i] != x[i - 1] && y[i] != y[i - 1] ? 1 : 0;
  }
  values_[op + ".moved"] = count > 0 ? Column{moved_x / count, moved_both / count} : Column{0, 0};
}

void PlanStatistics::count_quality(const std::string& name, const Walk& quality) {
  count_walk(name);
  const auto categories = static_cast<std::size_t>(std::lround(quality.high - quality.low)) + 1;
  const auto above_low = [&](const Column& values) {
    Column shifted = present(values);
    for (double& value : shifted) value -= quality.low;
    return shifted;
  };
  append_shares(above_low(first_.column(name, 0)), categories, values_[name + ".probabilities"]);
  for (const std::size_t frame : request_.later_frames) {
    append_shares(above_low(over_time_.column(name, frame)), categories,
                  values_[name + ".probabilities_later"]);
  }
  const double reach = std::ceil(quality.step);
  Column steps;
  for_each_step(over_time_, name, [&](double before, double after) {
    constexpr double away = 5;
    if (before - quality.low > away && quality.high - before > away) {
      steps.push_back(after - before + reach);
    }
  });
  append_shares(steps, static_cast<std::size_t>(2 * reach) + 1,
                values_[name + ".step_probabilities"]);
}

void PlanStatistics::count_correlations() {
  std::vector<Column> start, step, next_step;
  for (const std::string& name : request_.correlation) start.push_back(first_.column(name, 0));
  for (const std::string& name : request_.step_correlation) {
    const Column a = over_time_.column(name, 0);
    const Column b = over_time_.column(name, std::min<std::size_t>(1, over_time_.frames() - 1));
    const Column c = over_time_.column(name, std::min<std::size_t>(2, over_time_.frames() - 1));
    step.push_back(differences(b, a));
    next_step.push_back(differences(c, b));
  }
  const auto matrix = [](const std::vector<Column>& rows, const std::vector<Column>& columns,
                         bool ones) {
    Column values;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < columns.size(); ++j) {
        values.push_back(ones && i == j ? 1 : correlation(rows[i], columns[j]));
      }
    }
    return values;
  };
  values_["correlation"] = matrix(start, start, true);
  values_["step_correlation"] = matrix(step, step, true);
  values_["step_lag_correlation"] = matrix(step, next_step, false);
}

}  // namespace oasis::golden
