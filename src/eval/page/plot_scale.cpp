#include "eval/page/plot_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/page/markup.h"

namespace oasis::eval::page {
namespace {

// 1, 2 or 5 times a power of ten, at least `least`.
double round_step(double least) {
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace

PlotScale scale_of(const Plot& plot) {
  PlotScale scale;
  for (const Series& series : plot.series) {
    for (const double value : series.values) {
      if (!std::isfinite(value)) continue;
      scale.low = scale.empty ? value : std::min(scale.low, value);
      scale.high = scale.empty ? value : std::max(scale.high, value);
      scale.empty = false;
    }
  }
  if (scale.empty) return scale;
  if (plot.from_zero) scale.low = std::min(0.0, scale.low);
  const double least = std::max(2 * std::pow(10.0, -plot.decimals),
                                1e-6 * std::max(std::abs(scale.low), std::abs(scale.high)));
  const double room = std::max(0.08 * (scale.high - scale.low), least);
  if (!plot.from_zero || scale.low < 0) scale.low -= room;
  scale.high += room;
  return scale;
}

std::vector<Tick> value_ticks(const PlotScale& scale) {
  std::vector<Tick> ticks;
  if (scale.empty) return ticks;
  const double span = scale.high - scale.low;
  const double step = round_step(span / 4);
  if (!std::isfinite(step) || step <= 0) return ticks;
  const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 9);
  for (double value = std::ceil(scale.low / step) * step; value <= scale.high && ticks.size() < 8;
       value += step) {
    const double percent = 100 * (scale.high - value) / span;
    ticks.push_back({percent, number(value, decimals)});
  }
  return ticks;
}

std::vector<Tick> place_ticks(const PlotAxis& axis, std::size_t length) {
  std::vector<Tick> ticks;
  const double last = static_cast<double>(length) - 1;
  if (last < 1) return {{0, "0"}};
  if (axis.spectrum) {
    for (const int period : {16, 8, 4, 3, 2}) {
      const double percent = 100 / (period * axis.step * last);
      if (percent <= 100.001) ticks.push_back({percent, fmt::format("{}", period)});
    }
    return ticks;
  }
  const double step = round_step(std::max(1.0, last / 5));
  for (double frame = 0; frame <= last; frame += step) {
    ticks.push_back({100 * frame / last, fmt::format("{:.0f}", frame)});
  }
  return ticks;
}

}  // namespace oasis::eval::page
