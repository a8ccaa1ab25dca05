#include "model/frame_neighbours.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstdlib>

#include "oasis/flow/warp.h"

namespace oasis::model {
namespace {

/// For each frame of a clip the one `shift` frames on, mirrored at the ends.
std::vector<std::int64_t> mirrored_frames(std::int64_t count, std::int64_t shift) {
  const std::int64_t last = count - 1;
  std::vector<std::int64_t> from;
  for (std::int64_t i = 0; i <= last; ++i) {
    from.push_back(std::max<std::int64_t>(0, last - std::abs(last - std::abs(i + shift))));
  }
  return from;
}

/// sources `[B, C, T, H, W]`, each frame moved onto the one at its place, which it is `from`.
at::Tensor moved(const at::Tensor& sources, const std::vector<std::int64_t>& from,
                 const std::vector<FrameMotion>& motions) {
  std::vector<at::Tensor> clips;
  for (std::int64_t clip = 0; clip < sources.size(0); ++clip) {
    const at::Tensor frames = sources[clip].transpose(0, 1);
    const at::Tensor flows =
        motions[static_cast<std::size_t>(clip)].flows(from).to(frames.device());
    const auto wide = frames.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    clips.push_back(
        flow::warp(frames.to(wide), flows, flow::WarpPadding::border, flow::WarpFilter::bicubic)
            .to(frames.scalar_type())
            .transpose(0, 1));
  }
  return at::stack(clips);
}

}  // namespace

at::Tensor frames_in_a_row(const at::Tensor& condition, std::int64_t frames) {
  const at::Tensor apart = condition.unflatten(1, {condition.size(1) / frames, frames});
  return apart.permute({0, 1, 3, 2, 4, 5}).flatten(2, 3);
}

at::Tensor frames_with_neighbours(const at::Tensor& frames, std::int64_t reach,
                                  const std::vector<FrameMotion>& motions) {
  std::vector<at::Tensor> beside;
  for (std::int64_t shift = -reach; shift <= reach; ++shift) {
    if (shift == 0) {
      beside.push_back(frames);
      continue;
    }
    const std::vector<std::int64_t> from = mirrored_frames(frames.size(2), shift);
    const at::Tensor sources =
        frames.index_select(2, at::tensor(from, at::kLong).to(frames.device()));
    beside.push_back(motions.empty() ? sources : moved(sources, from, motions));
  }
  return reach == 0 ? frames : at::cat(beside, 1);
}

}  // namespace oasis::model
