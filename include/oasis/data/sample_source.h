#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace oasis::data {

/// A pair of clips to train on.
struct TrainingSample {
  std::uint64_t uid = 0;    ///< global number of the sample in the run
  at::Tensor hq;            ///< [3, T, H, W], float32 in [-1, 1]
  at::Tensor lq;            ///< [3, T, H/4, W/4], float32 in [-1, 1]
  std::string origin;       ///< file, first frame and place, for logs and contact sheets
  std::string degradation;  ///< what was drawn, one operator a line
};

/// Where samples come from. `sample(uid)` is a pure function of the source and the number: any
/// thread, rank or resumed run gets the same pair.
class SampleSource {
 public:
  virtual ~SampleSource() = default;

  /// Safe to call from several threads at once. A clip that cannot be read is passed over for the
  /// next one of the epoch, with a warning; throws `oasis::Error` if none can be read.
  virtual TrainingSample sample(std::uint64_t uid) const = 0;

  /// Samples until every clip has been taken once.
  virtual std::size_t epoch_size() const = 0;

  /// Clips passed over so far.
  virtual std::size_t damaged() const = 0;
};

}  // namespace oasis::data
