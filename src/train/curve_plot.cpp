#include "train/curve_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace oasis::train {
namespace {

constexpr std::int64_t kWidth = 640;
constexpr double kHeight = 200;

// The values at both ends of the axes.
struct Axes {
  double first, last, low, high;

  double x(std::int64_t step) const {
    return (static_cast<double>(step) - first) / (last - first) * static_cast<double>(kWidth);
  }
  double y(double value) const {
    return (high - std::clamp(value, low, high)) / (high - low) * kHeight;
  }
};

Curve finite(const Curve& curve) {
  Curve kept;
  std::copy_if(curve.begin(), curve.end(), std::back_inserter(kept),
               [](const auto& point) { return std::isfinite(point.second); });
  return kept;
}

// A running mean over a fiftieth of the curve; near its beginning, of what there is.
Curve smoothed(const Curve& curve) {
  const double keep = 1.0 - 1.0 / std::max<double>(1.0, static_cast<double>(curve.size()) / 50.0);
  Curve means;
  means.reserve(curve.size());
  double sum = 0;
  double weight = 0;
  for (const auto& [step, value] : curve) {
    sum = keep * sum + value;
    weight = keep * weight + 1.0;
    means.emplace_back(step, sum / weight);
  }
  return means;
}

// The value below which a share of them lies.
double quantile(std::vector<double> values, double share) {
  const auto place = values.begin() + std::llround(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

Axes axes_of(const Curve& curve) {
  std::vector<double> values;
  for (const auto& [step, value] : curve) values.push_back(value);
  Axes axes{static_cast<double>(curve.front().first), static_cast<double>(curve.back().first),
            quantile(values, 0.01), quantile(values, 0.99)};
  axes.last = std::max(axes.last, axes.first + 1);
  axes.high = std::max(axes.high, axes.low + std::max(1e-12, 1e-9 * std::abs(axes.low)));
  return axes;
}

// Of each column's points the lowest and the highest, in order of steps.
Curve thinned(const Curve& curve, const Axes& axes) {
  const auto lower = [](const auto& a, const auto& b) { return a.second < b.second; };
  Curve kept;
  for (auto begin = curve.begin(); begin != curve.end();) {
    const double column = std::floor(axes.x(begin->first));
    const auto end = std::find_if(begin, curve.end(), [&](const auto& point) {
      return std::floor(axes.x(point.first)) != column;
    });
    auto [low, high] = std::minmax_element(begin, end, lower);
    if (high < low) std::swap(low, high);
    kept.push_back(*low);
    if (low != high) kept.push_back(*high);
    begin = end;
  }
  return kept;
}

std::string path(const Curve& curve, const Axes& axes, const char* style) {
  std::string points;
  for (const auto& [step, value] : thinned(curve, axes)) {
    points +=
        fmt::format("{}{:.1f} {:.1f}", points.empty() ? "M" : "L", axes.x(step), axes.y(value));
  }
  return fmt::format("<path class=\"{}\" d=\"{}\"/>", style, points);
}

}  // namespace

std::string plot_curve(const std::string& name, const Curve& logged) {
  const Curve curve = finite(logged);
  if (curve.empty()) return fmt::format("<h2>{}: no finite value</h2>\n", name);
  const Curve means = smoothed(curve);
  const Axes axes = axes_of(curve);
  const auto [least, greatest] = std::minmax_element(
      curve.begin(), curve.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  std::string svg = fmt::format(
      "<h2>{}: {:.5g} (at the end; running mean {:.5g}, values {:.5g} to {:.5g})</h2><svg "
      "viewBox=\"0 -14 {} {}\" role=\"img\" aria-label=\"{} by step\">",
      name, curve.back().second, means.back().second, least->second, greatest->second, kWidth,
      kHeight + 30, name);
  if (curve.size() == 1) {
    svg += fmt::format("<circle cx=\"4\" cy=\"{:.1f}\" r=\"3\"/>", kHeight / 2);
  } else {
    svg += path(curve, axes, "raw") + path(means, axes, "mean");
  }
  svg += fmt::format(
      "<text x=\"2\" y=\"-3\">{:.5g}</text><text x=\"2\" y=\"{}\">{:.5g}, steps {:.0f} to "
      "{:.0f}</text></svg>\n",
      axes.high, kHeight + 12, axes.low, axes.first, axes.last);
  return svg;
}

}  // namespace oasis::train
