#include "oasis/infer/clip_upscaler.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/pad.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <new>
#include <string>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/infer/memory_plan.h"

namespace oasis::infer {
namespace {

constexpr std::int64_t kScale = 4;

/// `[3, F, h, w]` -> `[1, 3, padded, H, W]` in [-1, 1], edges and last frame repeated.
at::Tensor prepare(const at::Tensor& frames, std::int64_t padded, Size size) {
  at::Tensor clip = frames.mul(2.0).sub_(1.0);
  const std::int64_t right = size.width - clip.size(3);
  const std::int64_t below = size.height - clip.size(2);
  if (right > 0 || below > 0) clip = at::pad(clip, {0, right, 0, below}, "replicate");
  const std::int64_t missing = padded - clip.size(1);
  if (missing > 0) {
    const at::Tensor last = clip.narrow(1, clip.size(1) - 1, 1);
    clip = at::cat({clip, last.expand({-1, missing, -1, -1})}, 1);
  }
  return clip.unsqueeze(0);
}

at::Tensor axis_weights(const std::vector<double>& weights) {
  std::vector<float> values(weights.begin(), weights.end());
  return at::tensor(values);
}

/// Whether an exception means that there was not enough memory, on the host or a device.
bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const std::string what = error.what();
  return what.find("out of memory") != std::string::npos ||
         what.find("not enough memory") != std::string::npos;
}

/// The axis of tiles in output pixels, with weights.
struct Axis {
  std::vector<Span> spans;
  std::vector<std::vector<double>> weights;

  Axis(const std::vector<Span>& source, std::int64_t length) {
    for (const Span& span : source) spans.push_back({kScale * span.first, kScale * span.count});
    weights = blend_weights(spans, kScale * length);
  }
};

}  // namespace

ClipUpscaler::ClipUpscaler(model::ClipModel& model, const TileSettings& settings)
    : model_(model), settings_(settings) {}

at::Tensor ClipUpscaler::upscale(const at::Tensor& frames, std::int64_t padded) {
  const model::ClipRules rules = model_.rules();
  const Size frame{frames.size(3), frames.size(2)};
  Size tile = settings_.tile;
  if (rules.per_pixel_local) {
    tile = {0, 0};
  } else if (tile == Size{}) {
    tile = choose_tile(model_, frame, padded, settings_.memory_budget);
  }
  if (largest_ != Size{}) tile = largest_;
  while (true) {
    const TilePlan plan =
        plan_tiles(frame, tile, settings_.overlap, rules.size_step, rules.min_size);
    try {
      const at::Tensor result = upscale_tiles(prepare(frames, padded, plan.padded), plan);
      tiles_ = plan.count();
      return result.narrow(1, 0, frames.size(1))
          .narrow(2, 0, kScale * frame.height)
          .narrow(3, 0, kScale * frame.width)
          .add_(1.0)  // in place: nobody else holds the result, which may be large
          .mul_(0.5);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      if (!is_out_of_memory(error)) throw;
    }
    const Size used{plan.cols.front().count, plan.rows.front().count};
    const Size smaller = halve_tile(used);
    if (smaller == used || rules.per_pixel_local) {
      throw Error(ExitCode::out_of_memory,
                  fmt::format("not enough memory for {} frames of {}x{}: choose a smaller --chunk "
                              "or --tile",
                              padded, used.width, used.height));
    }
    log::warn("not enough memory for tiles of {}x{}: trying {}x{}", kScale * used.width,
              kScale * used.height, kScale * smaller.width, kScale * smaller.height);
    tile = largest_ = smaller;
  }
}

at::Tensor ClipUpscaler::upscale_tiles(const at::Tensor& clip, const TilePlan& plan) {
  if (plan.count() == 1) return model_.upscale(clip).squeeze(0).to(at::kCPU);
  const Axis rows(plan.rows, plan.padded.height);
  const Axis cols(plan.cols, plan.padded.width);
  at::Tensor sum = at::zeros(
      {3, clip.size(2), kScale * plan.padded.height, kScale * plan.padded.width}, at::kFloat);
  for (size_t r = 0; r < rows.spans.size(); ++r) {
    for (size_t c = 0; c < cols.spans.size(); ++c) {
      throw_if_interrupted();
      const at::Tensor input = clip.narrow(3, plan.rows[r].first, plan.rows[r].count)
                                   .narrow(4, plan.cols[c].first, plan.cols[c].count)
                                   .contiguous();
      const at::Tensor tile = model_.upscale(input).squeeze(0).to(at::kCPU);
      const at::Tensor weight =
          axis_weights(rows.weights[r]).unsqueeze(1).mul(axis_weights(cols.weights[c]));
      sum.narrow(2, rows.spans[r].first, rows.spans[r].count)
          .narrow(3, cols.spans[c].first, cols.spans[c].count)
          .addcmul_(tile, weight);
    }
  }
  return sum;
}

}  // namespace oasis::infer
