#include "model/frame_motion.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstdlib>

#include "oasis/core/error.h"
#include "oasis/flow/warp.h"
#ifdef OASIS_WITH_MEDIA
#include "oasis/flow/dis_flow.h"
#endif

namespace oasis::model {
namespace {

constexpr std::int64_t least_side = 12;  // that DIS can follow
constexpr std::int64_t around = 9;       // pixels a side in which moving and staying are compared
constexpr double explains = 0.85;        // difference when moved over that when not, at most

/// The mean over `side` pixels along an axis, of those within the picture.
at::Tensor mean_along(const at::Tensor& x, std::int64_t axis, std::int64_t side) {
  const std::int64_t size = x.size(axis);
  at::Tensor sum = x.clone();
  at::Tensor count = at::ones({size}, x.options());
  for (std::int64_t shift = 1; shift <= std::min(side / 2, size - 1); ++shift) {
    const std::int64_t rest = size - shift;
    sum.narrow(axis, 0, rest).add_(x.narrow(axis, shift, rest));
    sum.narrow(axis, shift, rest).add_(x.narrow(axis, 0, rest));
    count.narrow(0, 0, rest).add_(1);
    count.narrow(0, shift, rest).add_(1);
  }
  return sum.div_(axis == x.dim() - 1 ? count : count.unsqueeze(-1));
}

/// The mean over side x side pixels, of those within the picture; `[..., H, W]`.
at::Tensor mean_around(const at::Tensor& x, std::int64_t side) {
  return mean_along(mean_along(x, x.dim() - 1, side), x.dim() - 2, side);
}

/// `flow` from `here` to `there` (`[N, 1, H, W]`) where moving by it explains the picture better
/// than staying does; else 0.
at::Tensor where_it_explains(const at::Tensor& here, const at::Tensor& there,
                             const at::Tensor& flow) {
  const at::Tensor moved = flow::warp(there, flow, flow::WarpPadding::border);
  const at::Tensor moving = mean_around((here - moved).abs(), around);
  const at::Tensor staying = mean_around((here - there).abs(), around);
  return flow * (moving < explains * staying);
}

flow::ClipFlows adjacent_flows(const at::Tensor& frames) {
#ifdef OASIS_WITH_MEDIA
  const at::Tensor smooth = mean_around(frames, 3);  // near a Gaussian of 0.8 pixels
  flow::DisFlow dis;
  flow::ClipFlows flows = dis.estimate(smooth);
  const at::Tensor luma = smooth.mean(1, /*keepdim=*/true);
  const at::Tensor first = luma.narrow(0, 0, luma.size(0) - 1);
  const at::Tensor second = luma.narrow(0, 1, luma.size(0) - 1);
  flows.forward = where_it_explains(first, second, flows.forward);
  flows.backward = where_it_explains(second, first, flows.backward);
  return flows;
#else
  static_cast<void>(frames);
  throw Error(ExitCode::usage,
              "a decoder with `align: true` needs a build with OpenCV (OASIS_WITH_MEDIA)");
#endif
}

/// Flows to frames `step` away (negative: earlier) from those to the next and to `step - 1` away.
at::Tensor farther(const at::Tensor& adjacent, const at::Tensor& nearer, std::int64_t step) {
  at::Tensor out = at::zeros_like(adjacent);
  const std::int64_t count = adjacent.size(0) - std::abs(step);
  if (count < 1) return out;
  const std::int64_t first = step > 0 ? 0 : -step;
  const at::Tensor hop = adjacent.narrow(0, first, count);
  const at::Tensor rest = nearer.narrow(0, first + (step > 0 ? 1 : -1), count);
  out.narrow(0, first, count).copy_(hop + flow::warp(rest, hop, flow::WarpPadding::border));
  return out;
}

}  // namespace

FrameMotion::FrameMotion(const at::Tensor& clip, std::int64_t reach) {
  const torch::NoGradGuard no_grad;
  const at::Tensor frames = clip.detach().to(at::kCPU, at::kFloat).transpose(0, 1).contiguous();
  const at::Tensor still =
      at::zeros({frames.size(0), 2, frames.size(2), frames.size(3)}, frames.options());
  later_.assign(static_cast<std::size_t>(reach), still);
  earlier_ = later_;
  if (frames.size(0) < 2 || std::min(frames.size(2), frames.size(3)) < least_side) return;
  const flow::ClipFlows adjacent = adjacent_flows(frames);
  const at::Tensor none = still.narrow(0, 0, 1);
  later_[0] = at::cat({adjacent.forward, none});
  earlier_[0] = at::cat({none, adjacent.backward});
  for (std::size_t i = 1; i < later_.size(); ++i) {
    const auto step = static_cast<std::int64_t>(i) + 1;
    later_[i] = farther(later_[0], later_[i - 1], step);
    earlier_[i] = farther(earlier_[0], earlier_[i - 1], -step);
  }
}

at::Tensor FrameMotion::flows(const std::vector<std::int64_t>& to) const {
  at::Tensor chosen = at::zeros_like(later_.front());
  for (std::size_t t = 0; t < to.size(); ++t) {
    const auto frame = static_cast<std::int64_t>(t);
    const std::int64_t away = to[t] - frame;
    if (away == 0) continue;
    const auto& table = away < 0 ? earlier_ : later_;
    chosen[frame].copy_(table[static_cast<std::size_t>(std::abs(away)) - 1][frame]);
  }
  return chosen;
}

}  // namespace oasis::model
