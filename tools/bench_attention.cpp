#include "bench_attention.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "bench_memory.h"
#include "oasis/core/device.h"
#include "oasis/core/interrupt.h"
#include "oasis/nn/attention_pairs.h"
#include "oasis/nn/dense_attention.h"

namespace oasis::tools {
namespace {

/// q, k, v and the gradient of the result `[B, N, heads, D]`.
struct Inputs {
  at::Tensor q, k, v, grad;

  Inputs narrowed(std::int64_t queries) const {
    return {q.narrow(1, 0, queries), k, v, grad.narrow(1, 0, queries)};
  }
  Inputs by_frame(const TokenGrid& grid) const {
    const auto frames = [&](const at::Tensor& x) {
      return x.view({x.size(0) * grid.frames, grid.per_frame(), x.size(2), x.size(3)});
    };
    return {frames(q), frames(k), frames(v), frames(grad)};
  }
};

Inputs random_inputs(const AttentionBenchOptions& options, const at::TensorOptions& type) {
  const auto make = [&] {
    return at::randn({options.batch, options.grid.count(), options.heads, options.head_dim}, type);
  };
  return {make(), make(), make(), make()};
}

using Attend = std::function<at::Tensor(const Inputs&)>;

/// All keys for some of the queries; frames as the batch for intra heads.
at::Tensor dense(const Inputs& in) { return nn::dense_attention(in.q, in.k, in.v); }

/// Seconds of one call, taken over enough calls that starting and waiting do not count.
double seconds_per_call(c10::Device device, const std::function<void()>& work, double expected) {
  constexpr double enough_seconds = 0.02;
  const auto calls = std::max(1, static_cast<int>(std::ceil(enough_seconds / expected)));
  throw_if_interrupted();
  const double seconds = time_once(device, [&] {
    for (int call = 0; call < calls; ++call) work();
  });
  return seconds / calls;
}

/// Times `work`, which handles `share` of the queries and leaves `results` bytes behind.
AttentionTime measure(c10::Device device, int repeat, double share, double flops,
                      std::size_t results, const std::function<at::Tensor()>& work) {
  const auto run = [&] { work(); };
  AttentionTime time;
  at::Tensor kept;
  const auto peak = peak_bytes(device, [&] { kept = work(); });
  kept.reset();
  time.temporary = peak > results ? peak - results : 0;
  const double expected = time_once(device, run);
  std::vector<double> seconds;
  for (int i = 0; i < repeat; ++i)
    seconds.push_back(seconds_per_call(device, run, expected) / share);
  time.seconds = spread_of(seconds);
  time.share = share;
  time.flops = flops;
  return time;
}

AttentionTime measure_forward(const AttentionBenchOptions& options, const Inputs& in, double share,
                              double flops, const Attend& attend) {
  const c10::InferenceMode no_gradients;
  return measure(in.q.device(), options.repeat, share, flops, in.q.nbytes(),
                 [&] { return attend(in); });
}

AttentionTime measure_backward(const AttentionBenchOptions& options, const Inputs& in, double share,
                               double flops, const Attend& attend) {
  const auto leaf = [](const at::Tensor& x) { return x.detach().requires_grad_(); };
  const Inputs leaves{leaf(in.q), leaf(in.k), leaf(in.v), in.grad};
  const auto out = attend(leaves);
  return measure(
      in.q.device(), options.repeat, share, 2.5 * flops,
      in.q.nbytes() + in.k.nbytes() + in.v.nbytes(), [&] {
        return torch::autograd::grad({out}, {leaves.q, leaves.k, leaves.v}, {in.grad}, true)[0];
      });
}

/// How many of the queries of a dense group fit into the time for it.
std::int64_t affordable_queries(const AttentionBenchOptions& options, const Inputs& in) {
  constexpr std::int64_t pilot = 256;
  const auto all = in.q.size(1);
  if (all <= pilot) return all;
  const c10::InferenceMode no_gradients;
  const auto few = in.narrowed(pilot);
  const auto run = [&] { dense(few); };
  run();
  const double per_query = time_once(in.q.device(), run) / pilot;
  const double calls = (options.repeat + 2) * (options.backward ? 4.5 : 1);
  const auto count = static_cast<std::int64_t>(options.dense_seconds / calls / per_query);
  return std::clamp(count / pilot * pilot, pilot, all);
}

AttentionGroup measure_group(const AttentionBenchOptions& options, nn::HeadKind kind,
                             const Inputs& all) {
  AttentionGroup group;
  group.kind = kind;
  group.pairs = nn::attention_pairs(kind, options.grid, options.window);
  const double flops =
      4 * group.pairs * static_cast<double>(options.head_dim * options.heads * options.batch);
  const std::vector<nn::HeadKind> kinds(static_cast<std::size_t>(options.heads), kind);
  Attend attend = [&options, kinds](const Inputs& x) {
    return nn::routed_attention(x.q, x.k, x.v, options.grid, kinds, options.window);
  };
  Inputs in = all;
  double share = 1;
  if (kind != nn::HeadKind::window) {
    const auto whole = kind == nn::HeadKind::intra ? all.by_frame(options.grid) : all;
    const auto queries = affordable_queries(options, whole);
    if (queries < whole.q.size(1)) {
      share = static_cast<double>(queries) / static_cast<double>(whole.q.size(1));
      in = whole.narrowed(queries);
      attend = &dense;
    }
  }
  group.forward = measure_forward(options, in, share, flops, attend);
  if (options.backward) group.backward = measure_backward(options, in, share, flops, attend);
  return group;
}

}  // namespace

AttentionBenchResult bench_attention(const AttentionBenchOptions& options) {
  nn::check_window(options.window);
  set_threads(options.threads);
  const auto device = parse_device(options.device);
  const auto precision = parse_precision(options.precision, device);
  AttentionBenchResult result;
  result.precision = precision_name(precision);
  result.threads = at::get_num_threads();
  result.rates = measure_rates(device, precision);
  torch::manual_seed(0);
  const auto inputs = random_inputs(options, at::TensorOptions().device(device).dtype(precision));
  for (const auto kind : {nn::HeadKind::global, nn::HeadKind::intra, nn::HeadKind::window}) {
    result.groups.push_back(measure_group(options, kind, inputs));
  }
  return result;
}

}  // namespace oasis::tools
