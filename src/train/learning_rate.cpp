#include "oasis/train/learning_rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "oasis/core/error.h"

namespace oasis::train {

RateShape rate_shape_from(const std::string& name) {
  if (name == "constant" || name == "constant_with_warmup") return RateShape::constant;
  if (name == "linear") return RateShape::linear;
  if (name == "cosine") return RateShape::cosine;
  throw Error(ExitCode::usage,
              fmt::format("unknown schedule '{}'; choose constant, linear or cosine", name));
}

double RateSchedule::at(std::int64_t k) const {
  if (k < warmup_steps) return base * static_cast<double>(k) / static_cast<double>(warmup_steps);
  if (shape == RateShape::constant) return base;
  const auto span = static_cast<double>(std::max<std::int64_t>(total_steps - warmup_steps, 1));
  const double done = std::min(static_cast<double>(k - warmup_steps) / span, 1.0);
  if (shape == RateShape::linear) return base * (1.0 - done);
  return base * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

}  // namespace oasis::train
