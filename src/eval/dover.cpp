#include "oasis/eval/dover.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>

#include <utility>

#include "oasis/metrics/dover_sampler.h"

namespace oasis::eval {
namespace {

using metrics::DoverFragments;
using metrics::DoverSampler;

constexpr std::int64_t kSide = 224;
constexpr std::int64_t kClipFrames = 32;
constexpr std::int64_t kClips = 3;

// A start for each segment of each clip.
std::vector<std::int64_t> draw_starts(const DoverSampler& sampler, std::int64_t frames,
                                      at::Generator& generator) {
  const std::int64_t room = sampler.room(frames);
  std::vector<std::int64_t> starts(
      static_cast<std::size_t>(sampler.num_clips * sampler.fragments_t), 0);
  if (room == 0) return starts;
  const at::Tensor drawn = at::randint(room, {static_cast<std::int64_t>(starts.size())}, generator,
                                       at::TensorOptions(at::kLong));
  const auto* data = drawn.const_data_ptr<std::int64_t>();
  starts.assign(data, data + drawn.numel());
  return starts;
}

}  // namespace

DoverPlan centre_plan(std::int64_t frames, std::int64_t height, std::int64_t width) {
  return {DoverSampler::technical().indices(frames), DoverSampler::aesthetic().indices(frames),
          metrics::centre_fragment_offsets(DoverFragments{}, kClips * kClipFrames, height, width)};
}

std::vector<DoverPlan> drawn_plans(std::int64_t frames, std::int64_t height, std::int64_t width,
                                   std::int64_t seed, std::int64_t repeats) {
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(seed));
  std::vector<DoverPlan> plans;
  for (std::int64_t i = 0; i < repeats; ++i) {
    DoverPlan plan;
    const auto technical = DoverSampler::technical();
    plan.technical = technical.indices(frames, draw_starts(technical, frames, generator));
    const auto aesthetic = DoverSampler::aesthetic();
    plan.aesthetic = aesthetic.indices(frames, draw_starts(aesthetic, frames, generator));
    plan.patches = metrics::draw_fragment_offsets(DoverFragments{}, kClips * kClipFrames, height,
                                                  width, generator);
    plans.push_back(std::move(plan));
  }
  return plans;
}

DoverViews::DoverViews(DoverPlan plan, bool antialias)
    : plan_(std::move(plan)),
      antialias_(antialias),
      fragments_(at::zeros({3, kClips * kClipFrames, kSide, kSide}, at::kByte)),
      resized_(at::zeros({3, kClipFrames, kSide, kSide}, at::kByte)) {}

void DoverViews::add(std::int64_t index, const at::Tensor& frame) {
  const at::Tensor video = frame.unsqueeze(1);
  for (std::size_t i = 0; i < plan_.technical.size(); ++i) {
    if (plan_.technical[i] != index) continue;
    // One frame is a group of its own, so it takes its clip's places.
    const auto at = static_cast<std::int64_t>(i);
    const std::int64_t clip = at / kClipFrames;
    const metrics::FragmentOffsets places = {plan_.patches.down.narrow(2, clip, 1),
                                             plan_.patches.across.narrow(2, clip, 1)};
    fragments_.narrow(1, at, 1).copy_(metrics::dover_fragments(video, DoverFragments{}, places));
  }
  at::Tensor small;
  for (std::size_t i = 0; i < plan_.aesthetic.size(); ++i) {
    if (plan_.aesthetic[i] != index) continue;
    if (!small.defined()) small = metrics::dover_resize(video, kSide, kSide, antialias_);
    resized_.narrow(1, static_cast<std::int64_t>(i), 1).copy_(small);
  }
}

at::Tensor DoverViews::technical() const {
  return metrics::dover_normalise(fragments_)
      .view({3, kClips, kClipFrames, kSide, kSide})
      .transpose(0, 1)
      .contiguous();
}

at::Tensor DoverViews::aesthetic() const { return metrics::dover_normalise(resized_).unsqueeze(0); }

Dover::Dover(const c10::TensorOptions& options)
    : options_(options), technical_({}, options), aesthetic_({}, options) {}

void Dover::load(const checkpoint::StateDict& weights, const std::string& what) {
  technical_.load(weights, what);
  aesthetic_.load(weights, what);
}

DoverRaw Dover::score(const DoverViews& views) const {
  DoverRaw raw;
  const at::Tensor clips = views.technical();
  // The clips one by one: a third of the memory. Their maps are of one size, so the mean of the
  // means is the mean.
  for (std::int64_t clip = 0; clip < kClips; ++clip) {
    const at::Tensor video = clips.narrow(0, clip, 1).to(options_.device());
    raw.technical += technical_.forward(video).score.to(at::kDouble).item<double>() / kClips;
  }
  raw.aesthetic = aesthetic_.forward(views.aesthetic().to(options_.device()))
                      .score.to(at::kDouble)
                      .item<double>();
  return raw;
}

}  // namespace oasis::eval
