#pragma once

#include <cstdint>

namespace oasis::media {

/// A quotient of integers: time bases, frame rates and sample aspects stay exact
/// (24000/1001 is not 23.976). `den` is never 0.
struct Rational {
  std::int64_t num = 0;
  std::int64_t den = 1;

  double value() const { return static_cast<double>(num) / static_cast<double>(den); }
  friend bool operator==(const Rational&, const Rational&) = default;
};

}  // namespace oasis::media
