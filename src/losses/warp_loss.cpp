#include "oasis/losses/warp_loss.h"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

namespace oasis::losses {
namespace {

// The mean over batch, channels and (valid) pixels of |warp(source) - target|.
at::Tensor direction_loss(const at::Tensor& source, const at::Tensor& target,
                          const at::Tensor& flow, const at::Tensor& opposite,
                          const WarpLossOptions& options) {
  const at::Tensor error = (flow::warp(source, flow, options.padding) - target).abs();
  if (options.occlusion == OcclusionMask::none) return error.mean();
  const at::Tensor valid = consistent_flow(flow, opposite).to(error.scalar_type());
  const at::Tensor count = valid.sum() * static_cast<double>(error.size(1));
  return (error * valid).sum() / count.clamp_min(1.0);
}

}  // namespace

at::Tensor consistent_flow(const at::Tensor& flow, const at::Tensor& opposite) {
  const at::NoGradGuard no_grad;
  const at::Tensor back = flow::warp(opposite, flow, flow::WarpPadding::zeros);
  const auto squared = [](const at::Tensor& field) { return (field * field).sum(1, true); };
  return squared(flow + back) < 0.01 * (squared(flow) + squared(back)) + 0.5;
}

at::Tensor warp_loss(const at::Tensor& pred, const at::Tensor& flow_forward,
                     const at::Tensor& flow_backward, const WarpLossOptions& options) {
  const std::int64_t pairs = pred.size(2) - 1;
  if (pairs < 1) return pred.sum() * 0.0;
  at::Tensor total;
  for (std::int64_t t = 0; t < pairs; ++t) {
    const at::Tensor earlier = pred.select(2, t);
    const at::Tensor later = pred.select(2, t + 1);
    const at::Tensor fw = flow_forward.select(1, t).detach();
    const at::Tensor bw = flow_backward.select(1, t).detach();
    const at::Tensor both = direction_loss(earlier, later, bw, fw, options) +
                            direction_loss(later, earlier, fw, bw, options);
    total = total.defined() ? total + both : both;
  }
  if (options.reduction == PairReduction::sum_pairs) return total;
  return total / (2.0 * static_cast<double>(pairs));
}

}  // namespace oasis::losses
