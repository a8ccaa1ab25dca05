#include "oasis/train/train_config.h"

#include <fmt/format.h>

#include <limits>
#include <map>

#include "oasis/config/config_node.h"
#include "oasis/core/error.h"

namespace oasis::train {
namespace {

using config::ConfigNode;
namespace fs = std::filesystem;

constexpr std::int64_t kMany = std::numeric_limits<std::int64_t>::max();

std::int64_t whole(const ConfigNode& node, const std::string& key, std::int64_t absent,
                   std::int64_t least, std::int64_t most = kMany) {
  const std::int64_t value = node.integer(key, absent);
  if (value >= least && value <= most) return value;
  if (most == kMany)
    node.fail(key, fmt::format("{} must be at least {}, not {}", key, least, value));
  node.fail(key, fmt::format("{} must be from {} to {}, not {}", key, least, most, value));
}

double real(const ConfigNode& node, const std::string& key, double absent, double least,
            double most = std::numeric_limits<double>::infinity()) {
  const double value = node.number(key, absent);
  if (value >= least && value <= most) return value;
  node.fail(key, fmt::format("{} must be from {} to {}, not {}", key, least, most, value));
}

const std::map<std::string, Recompute> kRecompute = {{"auto", Recompute::automatic},
                                                     {"off", Recompute::off},
                                                     {"dit", Recompute::dit},
                                                     {"all", Recompute::all}};

template <typename T>
T word(const ConfigNode& node, const std::string& key, const std::string& absent,
       const std::map<std::string, T>& known) {
  const std::string value = node.text(key, absent);
  const auto found = known.find(value);
  if (found != known.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& item : known) names.push_back(item.first);
  node.fail(key, fmt::format("{}: '{}' is none of {}", key, value, fmt::join(names, ", ")));
}

fs::path existing(const ConfigNode& node, const std::string& key, const char* what) {
  const fs::path path = node.text(key);
  if (!fs::exists(path)) {
    node.fail(key, fmt::format("{}: {} is not there; {}", key, path.string(), what));
  }
  return path;
}

// A weight, or the word off.
double weight(const ConfigNode& node, const std::string& key, double absent) {
  if (node.has(key) && node.text(key) == "off") return 0.0;
  return real(node, key, absent, 0.0);
}

DataConfig read_data(const ConfigNode& node) {
  DataConfig data;
  data.train = existing(node, "train", "give a folder of videos, a list file or packed samples");
  if (node.has("validation")) {
    data.validation = existing(node, "validation", "give a folder or a file, or leave the key out");
  }
  data.pass_hdr = word<bool>(node, "hdr", "skip", {{"skip", false}, {"pass", true}});
  data.stills = word<StillUse>(
      node, "stills", "motion",
      {{"skip", StillUse::skip}, {"still", StillUse::still}, {"motion", StillUse::motion}});
  data.frames = whole(node, "frames", data.frames, 1);
  if (data.frames % 4 != 1) {
    node.fail("frames", fmt::format("frames must be 4n+1 (1, 5, 9, ...), not {}", data.frames));
  }
  for (const auto& [key, side] : {std::pair{"width", &data.width}, {"height", &data.height}}) {
    *side = whole(node, key, *side, 64);
    if (*side % 16 != 0) {
      node.fail(key, fmt::format("{} must be a multiple of 16, not {}", key, *side));
    }
  }
  data.shrink = real(node, "shrink", data.shrink, 0.0, 1.0);
  data.margin = real(node, "margin", data.margin, 1.0, 4.0);
  data.extra_frames = whole(node, "extra_frames", data.extra_frames, 0);
  data.flip = node.boolean("flip", data.flip);
  data.turn = node.boolean("turn", data.turn);
  data.threads = whole(node, "threads", data.threads, 1, 256);
  data.ahead = whole(node, "ahead", data.ahead, 1, 4096);
  node.reject_unknown();
  return data;
}

DegradationConfig read_degradation(const ConfigNode& node) {
  const std::string name = node.text("degradation");
  using Kind = DegradationConfig::Kind;
  if (name == "stage1") return {Kind::stage1, {}};
  if (name == "stage2") return {Kind::stage2, {}};
  if (name == "bicubic") return {Kind::bicubic, {}};
  if (!fs::exists(name)) {
    node.fail("degradation",
              fmt::format("degradation: '{}' is none of stage1, stage2, bicubic, and "
                          "there is no such file",
                          name));
  }
  return {Kind::file, name};
}

LossConfig read_loss(const ConfigNode& node) {
  LossConfig loss;
  loss.latent = weight(node, "latent", loss.latent);
  loss.pixel = word<PixelLoss>(node, "pixel", "mse",
                               {{"off", PixelLoss::off},
                                {"mse", PixelLoss::mse},
                                {"charbonnier", PixelLoss::charbonnier},
                                {"psnr", PixelLoss::psnr}});
  loss.pixel_weight = real(node, "pixel_weight", loss.pixel_weight, 0.0);
  loss.psnr_epsilon = real(node, "psnr_epsilon", loss.psnr_epsilon, 1e-12, 1.0);
  loss.psnr_luma = real(node, "psnr_luma", loss.psnr_luma, 0.0, 1.0);
  loss.gradient = weight(node, "gradient", loss.gradient);
  const std::string lpips = node.text("lpips", "vgg");
  if (lpips != "off") {
    loss.lpips = word<losses::LpipsNet>(
        node, "lpips", "vgg", {{"vgg", losses::LpipsNet::vgg}, {"alex", losses::LpipsNet::alex}});
    if (!node.has("lpips_trunk") || !node.has("lpips_linear")) {
      node.fail("lpips", fmt::format("lpips: {0} needs lpips_trunk (torchvision's {0} weights) and "
                                     "lpips_linear (LPIPS v0.1 {0}.pth), or 'lpips: off'",
                                     lpips));
    }
  }
  loss.lpips_weight = real(node, "lpips_weight", loss.lpips_weight, 0.0);
  if (node.has("lpips_trunk")) {
    loss.lpips_trunk = existing(node, "lpips_trunk", "download torchvision's classifier");
  }
  if (node.has("lpips_linear")) {
    loss.lpips_linear = existing(node, "lpips_linear", "download LPIPS v0.1's linear layers");
  }
  loss.warp = weight(node, "warp", loss.warp);
  loss.flow =
      word<FlowKind>(node, "flow", "raft",
                     {{"off", FlowKind::off}, {"raft", FlowKind::raft}, {"dis", FlowKind::dis}});
  if (loss.warp > 0 && loss.flow == FlowKind::off) {
    node.fail("warp", "warp needs a flow: 'flow: raft' or 'flow: dis', or set 'warp: off'");
  }
  if (loss.warp > 0 && loss.flow == FlowKind::raft) {
    if (!node.has("raft")) {
      node.fail("flow",
                "flow: raft needs its weights: raft: raft-things.pth (or torchvision's "
                "raft_large), or choose 'flow: dis'");
    }
  }
  if (node.has("raft")) loss.raft = existing(node, "raft", "download raft-things.pth");
  loss.warp_options.padding = word<flow::WarpPadding>(
      node, "warp_padding", "border",
      {{"border", flow::WarpPadding::border}, {"zeros", flow::WarpPadding::zeros}});
  loss.warp_options.occlusion = word<losses::OcclusionMask>(
      node, "occlusion", "none",
      {{"none", losses::OcclusionMask::none}, {"fb", losses::OcclusionMask::forward_backward}});
  loss.warp_options.reduction =
      word<losses::PairReduction>(node, "warp_reduction", "sum_pairs",
                                  {{"sum_pairs", losses::PairReduction::sum_pairs},
                                   {"mean_pairs", losses::PairReduction::mean_pairs}});
  node.reject_unknown();
  if (loss.latent == 0 && loss.pixel == PixelLoss::off && loss.gradient == 0 && !loss.lpips) {
    node.fail("", "every term of the loss is off");
  }
  return loss;
}

AdamWOptions read_optimizer(const ConfigNode& node, std::int64_t steps) {
  AdamWOptions options;
  options.rate.base = real(node, "rate", 1e-4, 0.0, 1.0);
  options.rate.warmup_steps = whole(node, "warmup", 100, 0);
  options.rate.shape = word<RateShape>(node, "schedule", "constant",
                                       {{"constant", RateShape::constant},
                                        {"linear", RateShape::linear},
                                        {"cosine", RateShape::cosine}});
  options.rate.total_steps = whole(node, "schedule_steps", steps, 1);
  options.beta1 = real(node, "beta1", options.beta1, 0.0, 0.9999999);
  options.beta2 = real(node, "beta2", options.beta2, 0.0, 0.9999999);
  options.eps = real(node, "eps", options.eps, 0.0);
  options.weight_decay = real(node, "weight_decay", options.weight_decay, 0.0);
  const double clip = weight(node, "clip", 1.0);
  if (clip > 0) options.max_grad_norm = clip;
  const double ema =
      node.has("ema") && node.text("ema") == "off" ? 0.0 : real(node, "ema", 0.999, 0.0, 0.9999999);
  if (ema > 0) options.ema_decay = ema;
  node.reject_unknown();
  return options;
}

void read_train(const ConfigNode& node, TrainConfig& config) {
  config.parts = word<TrainedParts>(
      node, "parts", "dit",
      {{"dit", TrainedParts::dit}, {"decoder", TrainedParts::decoder}, {"all", TrainedParts::all}});
  config.steps = whole(node, "steps", config.steps, 1);
  config.save_every = whole(node, "save_every", config.save_every, 1);
  config.keep_last = whole(node, "keep_last", config.keep_last, 1);
  config.stop_after_skipped = whole(node, "stop_after_skipped", config.stop_after_skipped, 1);
  config.rank_timeout_seconds =
      real(node, "rank_timeout_seconds", config.rank_timeout_seconds, 1.0, 3600.0);
  config.recompute = word<Recompute>(node, "recompute", "auto", kRecompute);
  config.condition_dropout = real(node, "condition_dropout", config.condition_dropout, 0.0, 1.0);
  config.validate_every = whole(node, "validate_every", config.validate_every, 1);
  config.validation_frames = whole(node, "validation_frames", config.validation_frames, 1);
  node.reject_unknown();
}

void read_batch(const ConfigNode& node, TrainConfig& config) {
  config.global_batch = whole(node, "global", config.global_batch, 1);
  config.micro_batch = whole(node, "micro", config.micro_batch, 1);
  node.reject_unknown();
  if (config.global_batch % config.micro_batch != 0) {
    node.fail("micro", fmt::format("batch.global {} is no multiple of batch.micro {}",
                                   config.global_batch, config.micro_batch));
  }
}

void read_variants(const ConfigNode& root, TrainConfig& config) {
  config.projector_init = read_projector_init(root);
  if (config.projector_init.ridge && config.parts == TrainedParts::decoder) {
    root.fail("projector_init", "projector_init: ridge needs train.parts: dit or all");
  }
  if (root.has("lora")) {
    if (config.parts == TrainedParts::decoder) {
      root.fail("lora", "lora adapts the transformer: it needs train.parts: dit or all");
    }
    config.lora = read_lora_options(root.child("lora"));
  }
  if (!root.has("distil")) return;
  config.distil = read_distil(root.child("distil"));
  if (config.parts != TrainedParts::decoder) {
    root.fail("distil", "distil teaches the decoder alone: it needs train.parts: decoder");
  }
  if (config.loss.latent > 0) {
    root.fail("distil", "distil takes the target latent itself: it needs loss.latent: off");
  }
}

}  // namespace

std::string to_string(Recompute recompute) {
  for (const auto& [name, value] : kRecompute) {
    if (value == recompute) return name;
  }
  throw Error(ExitCode::failed, "no such kind of recomputation");
}

Recompute recompute_from(const std::string& name) {
  const auto found = kRecompute.find(name);
  if (found != kRecompute.end()) return found->second;
  throw Error(ExitCode::usage, fmt::format("recompute: '{}' is none of auto, off, dit, all", name));
}

TrainConfig load_train_config(const fs::path& file, const std::vector<std::string>& overrides) {
  const ConfigNode root = ConfigNode::load(file, overrides);
  TrainConfig config;
  config.output = root.text("output");
  config.start = existing(root, "start", "make a model folder with oasis-convert");
  config.head_map = root.text("head_map");
  if (config.head_map != "all_global" && config.head_map != "start") {
    existing(root, "head_map", "give a file, or all_global, or start");
  }
  config.seed = static_cast<std::uint64_t>(whole(root, "seed", 0, 0));
  config.stage = static_cast<int>(whole(root, "stage", 1, 1, 2));
  config.precision =
      word<std::string>(root, "precision", "bf16", {{"fp32", "fp32"}, {"bf16", "bf16"}});
  if (root.has("train")) read_train(root.child("train"), config);
  if (root.has("batch")) read_batch(root.child("batch"), config);
  config.data = read_data(root.child("data"));
  config.degradation = read_degradation(root);
  if (root.has("loss"))
    config.loss = read_loss(root.child("loss"));
  else
    root.fail("", "'loss' is missing");
  config.optimizer = root.has("optimizer")
                         ? read_optimizer(root.child("optimizer"), config.steps)
                         : read_optimizer(ConfigNode::parse("{}", file.string()), config.steps);
  read_variants(root, config);
  root.reject_unknown();
  config.text = root.dump();
  return config;
}

}  // namespace oasis::train
