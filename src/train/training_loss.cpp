#include "oasis/train/training_loss.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/checkpoint/torch_pickle.h"
#include "oasis/core/error.h"
#include "oasis/flow/raft.h"
#include "oasis/losses/picture_loss.h"
#include "oasis/losses/warp_loss.h"
#include "oasis/nn/recompute.h"
#ifdef OASIS_WITH_MEDIA
#include "oasis/flow/dis_flow.h"
#endif

namespace oasis::train {
namespace {

checkpoint::StateDict read_weights(const std::filesystem::path& path) {
  if (path.extension() == ".safetensors") return checkpoint::load_safetensors(path);
  return checkpoint::read_pth(path).tensors;
}

std::unique_ptr<flow::FlowEstimator> make_flow(const LossConfig& config, c10::Device device) {
  if (config.warp == 0) return nullptr;
  if (config.flow == FlowKind::raft) {
    return flow::Raft::from_file(config.raft.string(), at::TensorOptions().device(device));
  }
#ifdef OASIS_WITH_MEDIA
  return std::make_unique<flow::DisFlow>();
#else
  throw Error(ExitCode::usage, "flow: dis needs a build with OpenCV (OASIS_WITH_MEDIA)");
#endif
}

// [B, 3, T, H, W] to frames [B*T, 3, H, W].
at::Tensor as_frames(const at::Tensor& video) { return video.transpose(1, 2).flatten(0, 1); }

}  // namespace

TrainingLoss::TrainingLoss(const LossConfig& config, c10::Device device, c10::ScalarType precision)
    : config_(config), flow_(make_flow(config, device)) {
  if (!config.lpips) return;
  lpips_ = std::make_unique<losses::Lpips>(*config.lpips,
                                           at::TensorOptions().device(device).dtype(precision));
  lpips_->load(read_weights(config.lpips_trunk), read_weights(config.lpips_linear), "LPIPS");
}

TrainingLoss::TrainingLoss(const LossConfig& config, std::unique_ptr<flow::FlowEstimator> flow,
                           std::unique_ptr<losses::Lpips> lpips)
    : config_(config), flow_(std::move(flow)), lpips_(std::move(lpips)) {}

at::Tensor TrainingLoss::lpips_term(const at::Tensor& video, const at::Tensor& hq) const {
  const at::Tensor frames = as_frames(video);
  const at::Tensor reference = as_frames(hq);
  if (!recompute_) return lpips_->forward(frames, reference).mean();
  constexpr std::int64_t at_once = 4;
  at::Tensor sum = at::zeros({}, frames.options());
  for (std::int64_t first = 0; first < frames.size(0); first += at_once) {
    const std::int64_t count = std::min(at_once, frames.size(0) - first);
    const at::Tensor target = reference.narrow(0, first, count);
    sum = sum + nn::recompute(
                    [this, target](const std::vector<at::Tensor>& in) {
                      return lpips_->forward(in[0], target).sum();
                    },
                    {frames.narrow(0, first, count)});
  }
  return sum / static_cast<double>(frames.size(0));
}

at::Tensor TrainingLoss::warp_term(const at::Tensor& video, const at::Tensor& hq) const {
  std::vector<at::Tensor> forward;
  std::vector<at::Tensor> backward;
  for (std::int64_t i = 0; i < hq.size(0); ++i) {
    const auto flows = flow_->estimate(hq[i].transpose(0, 1).contiguous());
    forward.push_back(flows.forward);
    backward.push_back(flows.backward);
  }
  return losses::warp_loss(video, at::stack(forward), at::stack(backward), config_.warp_options);
}

std::pair<at::Tensor, LossParts> TrainingLoss::forward(const TrainableModel::Output& output,
                                                       const at::Tensor& hq,
                                                       const at::Tensor& z_target) const {
  const auto wide = output.video.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor video = output.video.to(wide);
  at::Tensor total = at::zeros({}, video.options());
  LossParts parts;
  const auto add = [&](const char* name, double weight, const at::Tensor& term) {
    total = total + weight * term;
    parts.emplace_back(name, term.detach());
  };
  if (config_.latent > 0) {
    add("latent", config_.latent,
        losses::mean_squared_error(output.latent.to(wide), z_target.to(wide)));
  }
  if (config_.pixel == PixelLoss::mse) {
    add("pixel", config_.pixel_weight, losses::mean_squared_error(video, hq));
  } else if (config_.pixel == PixelLoss::charbonnier) {
    add("pixel", config_.pixel_weight, losses::charbonnier(video, hq));
  } else if (config_.pixel == PixelLoss::psnr) {
    add("pixel", config_.pixel_weight,
        losses::psnr_loss(video, hq, config_.psnr_epsilon, config_.psnr_luma));
  }
  if (config_.gradient > 0) add("gradient", config_.gradient, losses::gradient_loss(video, hq));
  if (lpips_) {
    add("lpips", config_.lpips_weight, lpips_term(video, hq));
  }
  if (flow_ && video.size(2) > 1) add("warp", config_.warp, warp_term(video, hq));
  return {total, parts};
}

std::string TrainingLoss::description() const {
  std::vector<std::string> helpers;
  if (flow_) helpers.push_back("flow by " + flow_->description());
  if (lpips_) {
    helpers.push_back(lpips_->net() == losses::LpipsNet::vgg ? "LPIPS (VGG)" : "LPIPS (AlexNet)");
  }
  return helpers.empty() ? "no helpers" : fmt::format("{}", fmt::join(helpers, ", "));
}

}  // namespace oasis::train
