#pragma once

#include <cstdint>
#include <string>

namespace oasis::train {

/// How the learning rate goes on after the warm-up.
enum class RateShape { constant, linear, cosine };

/// "constant", "constant_with_warmup", "linear" or "cosine"; anything else throws `oasis::Error`.
RateShape rate_shape_from(const std::string& name);

/// The learning rate by step, as diffusers' `get_scheduler` has it: `base * k / warmup_steps`
/// during the warm-up (so step 0 has rate 0 if there is one), then the shape's course.
struct RateSchedule {
  double base = 1e-4;  ///< the rate after the warm-up
  RateShape shape = RateShape::constant;
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 0;  ///< where linear and cosine reach 0 and stay there

  /// The rate of step k, counted from 0.
  double at(std::int64_t k) const;
};

}  // namespace oasis::train
