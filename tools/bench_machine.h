#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <functional>
#include <vector>

namespace oasis::tools {

/// Seconds of `work`, with the device idle before and after.
double time_once(c10::Device device, const std::function<void()>& work);

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

/// `values` is not empty.
Spread spread_of(std::vector<double> values);

/// What this machine's libraries reach on large, regular work: FLOP/s, best of several runs.
struct MachineRates {
  double gemm = 0;  ///< a product of two 2048 x 2048 matrices
  double conv = 0;  ///< conv3d 3x3x3, 192 to 192 channels, channels_last_3d
};
MachineRates measure_rates(c10::Device device, c10::ScalarType precision);

}  // namespace oasis::tools
