#pragma once

#include <cstdint>

#include "oasis/core/philox.h"

namespace oasis::degrade {

/// What a sample's random numbers depend on, and nothing else: not on the worker, the rank, the
/// order of requests or what was drawn before.
struct SampleKey {
  std::uint64_t seed = 0;   ///< of the whole run
  std::uint32_t stage = 1;  ///< of training, 1 or 2; any number sets streams apart
  std::uint64_t uid = 0;    ///< global number of the sample, or (epoch << 32 | dataset index)
};

/// What a number is drawn for: each purpose has streams of its own.
enum class Purpose : std::uint32_t {
  parameters = 0,  ///< gates, types and severities of the first frame
  temporal = 1,    ///< their changes from frame to frame
  noise = 2,       ///< of pixels
  crop = 3,        ///< where a training sample is cut out of its video; free for the caller
};

/// The place of a draw in a sample's numbers.
struct DrawPlace {
  std::uint32_t index = 0;     ///< of the parameter, or of the block of pixels
  std::uint32_t frame = 0;     ///< from 0
  std::uint32_t instance = 0;  ///< of the operator in the pipeline
  Purpose purpose = Purpose::parameters;
};

/// The random numbers of one sample, all of them addressable (`degradations.md` section 7).
class RandomSource {
 public:
  explicit RandomSource(const SampleKey& sample);

  /// Four words of 32 random bits.
  PhiloxCounter words(const DrawPlace& place) const {
    return philox(
        {place.index, place.frame, place.instance, static_cast<std::uint32_t>(place.purpose)},
        key_);
  }
  /// 53 random bits in [0, 1).
  double uniform(const DrawPlace& place) const;
  /// A whole number in [low, high], each as likely. `low <= high`.
  std::int64_t integer(const DrawPlace& place, std::int64_t low, std::int64_t high) const;

  const PhiloxKey& key() const { return key_; }

 private:
  PhiloxKey key_;
};

}  // namespace oasis::degrade
