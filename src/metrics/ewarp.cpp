#include "oasis/metrics/ewarp.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <limits>

#include "oasis/core/error.h"
#include "oasis/flow/flow_padding.h"
#include "oasis/flow/warp.h"

namespace oasis::metrics {
namespace {

at::Tensor squared_length(const at::Tensor& flow) { return (flow * flow).sum(1); }

// Squared differences to the next pixel along `axis`, summed over both components; the last is 0.
at::Tensor squared_slope(const at::Tensor& flow, std::int64_t axis) {
  const std::int64_t size = flow.size(axis);
  at::Tensor slope = at::zeros_like(flow);
  slope.narrow(axis, 0, size - 1)
      .copy_(flow.narrow(axis, 0, size - 1) - flow.narrow(axis, 1, size - 1));
  return squared_length(slope);
}

void require_fit(const at::Tensor& pictures, const at::Tensor& forward,
                 const at::Tensor& backward) {
  if (forward.dim() == 4 && forward.sizes() == backward.sizes() && forward.size(1) == 2 &&
      forward.size(0) == pictures.size(0) && forward.size(2) == pictures.size(2) &&
      forward.size(3) == pictures.size(3)) {
    return;
  }
  throw Error(
      fmt::format("E_warp of {} pairs of {}x{} pixels needs flows of that size, not [{}] "
                  "and [{}]",
                  pictures.size(0), pictures.size(3), pictures.size(2),
                  fmt::join(forward.sizes(), ", "), fmt::join(backward.sizes(), ", ")));
}

}  // namespace

EwarpMode ewarp_mode_from(const std::string& name) {
  if (name == "evalcrafter") return EwarpMode::evalcrafter;
  if (name == "lai") return EwarpMode::lai;
  if (name == "clean") return EwarpMode::clean;
  throw Error(ExitCode::usage,
              fmt::format("unknown E_warp mode '{}'; choose evalcrafter, lai or clean", name));
}

at::Tensor ewarp_pictures(const at::Tensor& frames, EwarpMode mode) {
  const bool bytes = frames.scalar_type() == at::kByte;
  const at::Tensor pictures = bytes ? frames.to(at::kFloat) / 255.0 : frames.to(at::kFloat);
  if (mode != EwarpMode::evalcrafter) return pictures;
  if (pictures.size(2) < 2 || pictures.size(3) < 2) {
    throw Error(fmt::format("E_warp (evalcrafter) needs frames of at least 2x2 pixels, not {}x{}",
                            pictures.size(3), pictures.size(2)));
  }
  const at::Tensor half = at::avg_pool2d(pictures, {2, 2}, {2, 2});
  return flow::pad_edges(half,
                         flow::plan_padding(half.size(2), half.size(3), flow::PadMode::sintel));
}

at::Tensor ewarp_flow_input(const at::Tensor& pictures, EwarpMode mode) {
  return pictures * (mode == EwarpMode::evalcrafter ? 2.0 / 255.0 : 2.0) - 1.0;
}

at::Tensor ewarp_occlusion(const at::Tensor& forward, const at::Tensor& backward) {
  const at::Tensor returned = flow::warp(backward, forward, flow::WarpPadding::border);
  const at::Tensor length = squared_length(forward);
  const at::Tensor inconsistent =
      squared_length(forward + returned) > 0.01 * (squared_length(returned) + length) + 0.5;
  const at::Tensor edge =
      squared_slope(forward, 3) + squared_slope(forward, 2) > 0.01 * length + 0.002;
  return inconsistent.logical_or(edge);
}

double Ewarp::mean() const {
  if (per_pair.numel() == 0) return std::numeric_limits<double>::quiet_NaN();
  return per_pair.mean().item<double>();
}

Ewarp ewarp_pairs(const at::Tensor& first, const at::Tensor& second, const at::Tensor& forward,
                  const at::Tensor& backward, EwarpMode mode) {
  const at::Tensor target = ewarp_pictures(first, mode);
  const at::Tensor source = ewarp_pictures(second, mode);
  require_fit(target, forward, backward);
  Ewarp result;
  result.occluded = ewarp_occlusion(forward, backward);
  const at::Tensor valid = result.occluded.logical_not().to(at::kDouble);
  const at::Tensor warped = flow::warp(source, forward, flow::WarpPadding::border);
  const at::Tensor difference = (warped - target).to(at::kDouble);
  const at::Tensor error = ((difference * difference).sum(1) * valid).sum({1, 2});
  // Without a valid pixel the error is 0, and so is the quotient.
  const at::Tensor count = valid.sum({1, 2}).clamp_min(1.0);
  result.per_pair = error / (mode == EwarpMode::lai ? 3.0 * count : count);
  return result;
}

Ewarp ewarp(const at::Tensor& frames, const at::Tensor& forward, const at::Tensor& backward,
            EwarpMode mode) {
  const std::int64_t pairs = frames.size(0) - 1;
  if (pairs < 1) {
    return {at::zeros({0}, at::kDouble),
            at::zeros({0, forward.size(2), forward.size(3)}, at::kBool)};
  }
  return ewarp_pairs(frames.narrow(0, 0, pairs), frames.narrow(0, 1, pairs), forward, backward,
                     mode);
}

}  // namespace oasis::metrics
