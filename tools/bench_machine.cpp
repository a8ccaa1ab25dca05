#include "bench_machine.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace oasis::tools {
namespace {

void wait_for(c10::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize(device.has_index() ? device.index() : -1);
}

/// The best of at least three runs and, if they are short, of half a second's worth.
double best_time(c10::Device device, const std::function<void()>& work) {
  constexpr double enough_seconds = 0.5;
  constexpr int least_runs = 3, most_runs = 200;
  work();
  double best = std::numeric_limits<double>::infinity(), sum = 0;
  for (int run = 0; run < most_runs && (run < least_runs || sum < enough_seconds); ++run) {
    const double seconds = time_once(device, work);
    best = std::min(best, seconds);
    sum += seconds;
  }
  return best;
}

double gemm_rate(const at::TensorOptions& options) {
  constexpr std::int64_t side = 2048;
  const auto a = at::randn({side, side}, options), b = at::randn({side, side}, options);
  auto c = at::empty({side, side}, options);
  const double seconds = best_time(options.device(), [&] { at::matmul_out(c, a, b); });
  return 2.0 * side * side * side / seconds;
}

double conv_rate(const at::TensorOptions& options) {
  constexpr std::int64_t channels = 192, frames = 4;
  const std::int64_t side = options.device().is_cuda() ? 256 : 48;
  const auto layout = at::MemoryFormat::ChannelsLast3d;
  const auto x = at::randn({1, channels, frames, side, side}, options).contiguous(layout);
  const auto weight = at::randn({channels, channels, 3, 3, 3}, options).contiguous(layout);
  const std::vector<std::int64_t> ones(3, 1);
  const double seconds =
      best_time(options.device(), [&] { at::conv3d(x, weight, {}, ones, ones); });
  return 2.0 * 27 * channels * channels * static_cast<double>(frames * side * side) / seconds;
}

}  // namespace

double time_once(c10::Device device, const std::function<void()>& work) {
  wait_for(device);
  const auto start = std::chrono::steady_clock::now();
  work();
  wait_for(device);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto count = values.size();
  const double median =
      count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
  return {median, values.front(), values.back()};
}

MachineRates measure_rates(c10::Device device, c10::ScalarType precision) {
  const auto options = at::TensorOptions().device(device).dtype(precision);
  return {gemm_rate(options), conv_rate(options)};
}

}  // namespace oasis::tools
