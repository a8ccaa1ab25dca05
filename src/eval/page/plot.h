#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace oasis::eval::page {

/// A line of a plot. Values may be NaN (a gap) or infinite (drawn along the edge).
struct Series {
  std::string name;
  std::vector<double> values;
};

/// One diagram; plain text throughout.
struct Plot {
  std::string label;
  std::string unit;
  int decimals = 4;
  std::vector<Series> series;
  std::vector<std::int64_t> marks;   ///< places with a dashed line: frames that have pictures
  bool from_zero = false;            ///< the axis starts at 0
  std::vector<std::string> summary;  ///< per series, beside the label until a place is read
};

/// What the plots of a group have along x.
struct PlotAxis {
  bool spectrum = false;  ///< cycles a frame, shown as periods; otherwise frames
  double fps = 0;         ///< 0: unknown
  double step = 0;        ///< spectrum: cycles a frame from one value to the next
};

/// A short piece of the line of series `index`, as HTML; `name` (plain text) is its tooltip.
std::string swatch(std::size_t index, const std::string& name, bool later = false);

/// Plots that share their x axis and a cursor, as HTML. The values for reading go to
/// `data[group]`. Empty if no series has a value.
std::string plot_group(const std::string& group, const PlotAxis& axis,
                       const std::vector<Plot>& plots, nlohmann::json& data);

}  // namespace oasis::eval::page
