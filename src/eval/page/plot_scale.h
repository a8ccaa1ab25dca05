#pragma once

#include <string>
#include <vector>

#include "eval/page/plot.h"

namespace oasis::eval::page {

/// The values that a diagram's height covers.
struct PlotScale {
  double low = 0;
  double high = 1;
  bool empty = true;  ///< no value is finite
};

/// A place along an axis, in percent, with its text.
struct Tick {
  double percent = 0;
  std::string text;
};

/// Covers the finite values of all series with a little room.
PlotScale scale_of(const Plot& plot);

/// Round values within the scale, about three of them; percent from the top.
std::vector<Tick> value_ticks(const PlotScale& scale);

/// Round frame numbers, or periods of a spectrum; percent from the left.
std::vector<Tick> place_ticks(const PlotAxis& axis, std::size_t length);

}  // namespace oasis::eval::page
