#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace oasis::train {

/// A logged value: (step, value), in order of steps.
using Curve = std::vector<std::pair<std::int64_t, double>>;

/// A heading and an SVG of a curve that is not empty: each step faintly, over it a running mean of
/// a fiftieth of the curve. Of as many bytes for a million steps as for a thousand: of each column
/// the extremes are drawn. The axis leaves out the outermost hundredth of the values at either end;
/// what lies beyond it, of the mean too, is drawn at its edge, and the heading names the extremes.
/// Values that are not finite are left out.
std::string plot_curve(const std::string& name, const Curve& curve);

}  // namespace oasis::train
