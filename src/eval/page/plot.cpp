#include "eval/page/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/page/markup.h"
#include "eval/page/plot_scale.h"

namespace oasis::eval::page {
namespace {

constexpr std::size_t kColours = 6;
constexpr double kWidth = 1000;  // of the stretched drawing
constexpr double kHeight = 100;
constexpr std::size_t kBuckets = 800;  // longer curves keep the extremes of so many parts

std::size_t longest(const std::vector<Plot>& plots) {
  std::size_t length = 0;
  for (const Plot& plot : plots) {
    for (const Series& series : plot.series) length = std::max(length, series.values.size());
  }
  return length;
}

// Indices to draw: all, or of each part the lowest, the highest and those that are not finite.
std::vector<std::size_t> drawn(const std::vector<double>& values) {
  std::vector<std::size_t> indices;
  const std::size_t part = values.size() <= 2 * kBuckets ? 1 : values.size() / kBuckets + 1;
  for (std::size_t begin = 0; begin < values.size(); begin += part) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last =
        values.begin() + static_cast<std::ptrdiff_t>(std::min(begin + part, values.size()));
    const auto odd = std::find_if(first, last, [](double value) { return !std::isfinite(value); });
    std::vector<std::size_t> kept;
    if (odd != last) {
      kept = {static_cast<std::size_t>(odd - values.begin())};
    } else {
      const auto [low, high] = std::minmax_element(first, last);
      kept = {static_cast<std::size_t>(low - values.begin()),
              static_cast<std::size_t>(high - values.begin())};
    }
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    indices.insert(indices.end(), kept.begin(), kept.end());
  }
  return indices;
}

// The line, and apart from it the stretches along the edge where values are infinite.
std::string curve(const Series& series, std::size_t colour, std::size_t length,
                  const PlotScale& scale) {
  std::string line, edge;
  const double step = kWidth / static_cast<double>(std::max<std::size_t>(length, 2) - 1);
  bool pen_down = false;
  for (const std::size_t i : drawn(series.values)) {
    const double value = series.values[i];
    const double x = step * static_cast<double>(i);
    if (std::isinf(value)) {
      edge += fmt::format("M{:.1f} {}h{:.1f}", std::max(0.0, x - step / 2),
                          value > 0 ? 0.0 : kHeight, step);
    }
    if (!std::isfinite(value)) {
      pen_down = false;
      continue;
    }
    const double y = kHeight * (scale.high - value) / (scale.high - scale.low);
    line += fmt::format("{}{:.1f} {:.2f}", pen_down ? "L" : "M", x, y);
    if (!pen_down) line += "h0";  // a single value shows as a dot
    pen_down = true;
  }
  const std::size_t style = colour % kColours;
  std::string svg =
      fmt::format("<path class=\"s{0} d{0}\" stroke-linecap=\"round\" d=\"{1}\"/>", style, line);
  if (!edge.empty()) svg += fmt::format("<path class=\"s{} edge\" d=\"{}\"/>", style, edge);
  return svg;
}

std::string drawing(const Plot& plot, std::size_t length, const PlotScale& scale,
                    const std::vector<Tick>& ticks) {
  std::string grid, marks;
  for (const Tick& tick : ticks) {
    grid += fmt::format("M0 {:.2f}H{}", tick.percent * kHeight / 100, kWidth);
  }
  for (const std::int64_t place : plot.marks) {
    if (length < 2 || place < 0 || place >= static_cast<std::int64_t>(length)) continue;
    marks +=
        fmt::format("M{:.1f} 0V{}",
                    kWidth * static_cast<double>(place) / static_cast<double>(length - 1), kHeight);
  }
  std::string svg =
      fmt::format("<path class=\"grid\" d=\"{}\"/><path class=\"mark\" d=\"{}\"/>", grid, marks);
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    svg += curve(plot.series[i], i, length, scale);
  }
  return svg;
}

std::string caption(const Plot& plot) {
  std::string html = fmt::format(
      "<figcaption><span class=\"name\">{} <span class=\"unit\">{}</span></span><span "
      "class=\"read\">",
      escape(plot.label), escape(plot.unit));
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    if (plot.series.size() > 1) {
      html += swatch(i, plot.series[i].name, i >= plot.summary.size());
    }
    html += fmt::format("<span data-series=\"{}\">{}</span>", i,
                        i < plot.summary.size() ? escape(plot.summary[i]) : std::string());
  }
  return html + "</span></figcaption>";
}

std::string spoken(const Plot& plot, const PlotScale& scale) {
  std::string text = plot.label;
  if (scale.empty) return text + ": no finite value";
  double low = scale.high, high = scale.low;
  for (const Series& series : plot.series) {
    for (const double value : series.values) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  return text + fmt::format(" from {} to {} {}", number(low, plot.decimals),
                            number(high, plot.decimals), plot.unit);
}

std::string place_labels(const PlotAxis& axis, std::size_t length) {
  std::string html = "<div class=\"xlabels\" aria-hidden=\"true\">";
  for (const Tick& tick : place_ticks(axis, length)) {
    const char* side = tick.percent < 2    ? " class=\"start\""
                       : tick.percent > 98 ? " class=\"end\""
                                           : "";
    html += fmt::format("<span{} style=\"left:{:.2f}%\">{}</span>", side, tick.percent, tick.text);
  }
  return html + "</div>";
}

std::string figure(const Plot& plot, const PlotAxis& axis, std::size_t length) {
  const PlotScale scale = scale_of(plot);
  const std::vector<Tick> ticks = value_ticks(scale);
  std::string labels;
  for (const Tick& tick : ticks) {
    labels += fmt::format("<span style=\"top:{:.2f}%\">{}</span>", tick.percent, tick.text);
  }
  return fmt::format(
      "<figure class=\"plot\">{}<div class=\"axes\"><div class=\"ylabels\" aria-hidden=\"true\">{}"
      "</div><div class=\"area\"><svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" "
      "role=\"img\" aria-label=\"{}\">{}</svg><div class=\"cursor\"></div></div>{}"
      "<div class=\"xname\" aria-hidden=\"true\">{}</div></div></figure>\n",
      caption(plot), labels, kWidth, kHeight, escape(spoken(plot, scale)),
      drawing(plot, length, scale, ticks), place_labels(axis, length),
      axis.spectrum ? "period, frames" : "frame");
}

nlohmann::json values_for_reading(const Plot& plot) {
  nlohmann::json series = nlohmann::json::array();
  for (const Series& line : plot.series) {
    nlohmann::json values = nlohmann::json::array();
    for (const double value : line.values) values.push_back(json_value(value, plot.decimals));
    series.push_back(std::move(values));
  }
  return {{"decimals", plot.decimals}, {"unit", plot.unit}, {"series", std::move(series)}};
}

}  // namespace

std::string swatch(std::size_t index, const std::string& name, bool later) {
  return fmt::format(
      "<svg class=\"swatch s{0}{1}\" viewBox=\"0 0 24 4\" aria-hidden=\"true\"><title>{2}</title>"
      "<path class=\"d{0}\" d=\"M0 2H24\"/></svg>",
      index % kColours, later ? " later" : "", escape(name));
}

std::string plot_group(const std::string& group, const PlotAxis& axis,
                       const std::vector<Plot>& plots, nlohmann::json& data) {
  const std::size_t length = longest(plots);
  if (length == 0) return {};
  nlohmann::json values = nlohmann::json::array();
  std::string figures;
  for (const Plot& plot : plots) {
    figures += figure(plot, axis, length);
    values.push_back(values_for_reading(plot));
  }
  data[group] = {{"x", axis.spectrum ? "spectrum" : "frame"},
                 {"fps", json_value(axis.fps, 6)},
                 {"step", json_value(axis.step, 12)},
                 {"length", length},
                 {"plots", std::move(values)}};
  return fmt::format(
      "<div data-plots=\"{}\"><div class=\"plots{}\">\n{}</div><label class=\"scrubber "
      "js-only\">{} "
      "<input type=\"range\" min=\"0\" max=\"{}\" value=\"0\" step=\"1\"><output>read a value"
      "</output></label></div>\n",
      group, plots.size() == 1 ? " single" : "", figures, axis.spectrum ? "Frequency" : "Frame",
      length - 1);
}

}  // namespace oasis::eval::page
