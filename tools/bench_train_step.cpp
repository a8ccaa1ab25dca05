#include "bench_train_step.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>
#include <memory>

#include "bench_memory.h"
#include "bench_weights_folder.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/memory.h"
#include "oasis/flow/raft.h"
#include "oasis/model/flop_count.h"
#include "oasis/model/oasis_model.h"
#include "oasis/train/gradient_buckets.h"
#include "oasis/train/trainable_model.h"
#include "oasis/train/training_loss.h"

namespace oasis::tools {
namespace {

using train::Recompute;

/// Values that keep activations of all layers at about the size of the input.
void fill_random(const std::vector<std::pair<std::string, at::Tensor>>& parameters) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : parameters) {
    if (name.ends_with("bias") || name.ends_with("running_mean")) {
      tensor.zero_();
    } else if (tensor.dim() < 2) {
      tensor.fill_(1);
    } else {
      const double bound = std::sqrt(3.0 * static_cast<double>(tensor.size(0)) /
                                     static_cast<double>(tensor.numel()));
      tensor.uniform_(-bound, bound);
    }
  }
}

train::LossConfig only_pixels(bool latent) {
  train::LossConfig config;
  config.latent = latent ? 1.0 : 0.0;
  config.warp = 0;
  return config;
}

train::LossConfig nothing_but(double lpips_weight, double warp) {
  train::LossConfig config;
  config.latent = 0;
  config.pixel = train::PixelLoss::off;
  config.lpips_weight = lpips_weight;
  config.warp = warp;
  return config;
}

std::unique_ptr<losses::Lpips> random_lpips(const TrainStepOptions& options,
                                            const at::TensorOptions& tensors) {
  if (options.lpips == "off") return nullptr;
  auto lpips = std::make_unique<losses::Lpips>(losses::lpips_net_from(options.lpips), tensors);
  fill_random(lpips->parameters());
  return lpips;
}

std::unique_ptr<flow::FlowEstimator> random_flow(const TrainStepOptions& options,
                                                 c10::Device device) {
  if (options.flow == "off") return nullptr;
  auto raft = std::make_unique<flow::Raft>(flow::RaftConfig::large(), at::TensorOptions(device));
  fill_random(raft->parameters());
  return raft;
}

train::MemoryQuestion question_of(const TrainStepOptions& options, c10::ScalarType precision) {
  train::MemoryQuestion question;
  question.element = static_cast<std::int64_t>(c10::elementSize(precision));
  question.micro = options.micro;
  question.frames = options.frames;
  question.width = options.width;
  question.height = options.height;
  question.lpips.reset();
  if (options.lpips != "off") question.lpips = losses::lpips_net_from(options.lpips);
  question.raft = options.flow == "raft";
  question.recompute = train::recompute_from(options.recompute);
  return question;
}

model::ModelDescription description_of(const TrainStepOptions& options) {
  if (!options.model.empty()) return model::read_model_description(options.model);
  auto about = model::description_of_size(options.size);
  if (options.layers > 0) {
    about.dit.layers = options.layers;
    about.head_map.reset();
  }
  return about;
}

train::TrainedParts parts_of(const model::ModelDescription& about) {
  if (!model::uses_latent(about.decoder)) return train::TrainedParts::decoder;
  return about.decoder == model::DecoderKind::wan_vae ? train::TrainedParts::dit
                                                      : train::TrainedParts::all;
}

/// One step cut at the latent and at the frames, so that each part's backward pass is its own.
class CutStep {
 public:
  CutStep(const TrainStepOptions& options, c10::Device device, c10::ScalarType precision);

  /// The parts of a micro-batch in order; the optimizer is not among them.
  std::vector<std::pair<std::string, std::function<void()>>> parts();
  void begin() { gradients_->begin(true, true); }
  void optimize() { report_ = optimizer_->step(gradients_->finish()); }

  const model::ModelDescription& about() const { return model_->about(); }
  train::TrainableModel& model() { return *model_; }
  bool has_encoder() const { return encoder_; }
  void set_recompute(Recompute what) {
    model_->set_recompute(what != Recompute::off, what == Recompute::all);
    lpips_->set_recompute(what == Recompute::all);
  }
  bool finite() const { return !report_.skipped && finite_.item<bool>(); }
  train::TrainedParts trained_parts() const { return trained_parts_; }

 private:
  void add_loss(const train::TrainingLoss& loss);

  bool encoder_ = false;
  train::TrainedParts trained_parts_ = train::TrainedParts::dit;
  std::unique_ptr<train::TrainableModel> model_;
  std::unique_ptr<train::TrainingLoss> pixels_, lpips_, warp_;
  std::unique_ptr<train::AdamW> optimizer_;
  std::unique_ptr<train::GradientBuckets> gradients_;
  train::StepReport report_;
  at::Tensor hq_, lq_, target_, latent_, latent_leaf_, video_, video_leaf_, finite_;
};

CutStep::CutStep(const TrainStepOptions& options, c10::Device device, c10::ScalarType precision) {
  const WeightsFolder random;
  std::filesystem::path folder = options.model;
  if (folder.empty()) {
    auto about = model::description_of_size(options.size);
    if (options.layers > 0) {
      about.dit.layers = options.layers;
      about.head_map.reset();
    }
    about.precision = precision_name(precision);
    model::initialise_model_folder(random.path(), about, 0);
    folder = random.path();
    throw_if_interrupted();
  }
  encoder_ = options.latent && std::filesystem::exists(folder / "vae_encoder.safetensors");
  trained_parts_ = parts_of(model::read_model_description(folder));
  model_ =
      std::make_unique<train::TrainableModel>(folder, trained_parts_, encoder_, device, precision);
  model_->use_head_map(model_->about().head_map ? "start" : "all_global");
  const auto tensors = at::TensorOptions().device(device).dtype(precision);
  pixels_ = std::make_unique<train::TrainingLoss>(only_pixels(encoder_), nullptr, nullptr);
  lpips_ = std::make_unique<train::TrainingLoss>(nothing_but(1, 0), nullptr,
                                                 random_lpips(options, tensors));
  warp_ = std::make_unique<train::TrainingLoss>(nothing_but(0, 0.1), random_flow(options, device),
                                                nullptr);
  train::AdamWOptions adamw;
  adamw.max_grad_norm = 1.0;
  adamw.ema_decay = 0.999;
  const auto comm = train::single_process();
  optimizer_ = std::make_unique<train::AdamW>(model_->trained(), adamw, comm);
  gradients_ = std::make_unique<train::GradientBuckets>(model_->trained(), comm);
  torch::manual_seed(0);
  hq_ = at::rand({options.micro, 3, options.frames, options.height, options.width}, device) * 2 - 1;
  lq_ = at::avg_pool3d(hq_, {1, 4, 4}, {1, 4, 4});
}

void CutStep::add_loss(const train::TrainingLoss& loss) {
  const at::Tensor total = loss.forward({latent_leaf_, video_leaf_}, hq_, target_).first;
  if (total.requires_grad()) total.backward();
  finite_ = finite_.logical_and(total.isfinite());
}

std::vector<std::pair<std::string, std::function<void()>>> CutStep::parts() {
  return {{"encode",
           [this] {
             if (encoder_) target_ = model_->encode(hq_);
           }},
          {"DiT forward",
           [this] {
             latent_ = model_->restore(lq_);
             latent_leaf_ = latent_.detach().set_requires_grad(true);
             finite_ = at::ones({}, hq_.options().dtype(at::kBool));
           }},
          {"decoder forward",
           [this] {
             video_ = model_->decode(latent_leaf_, lq_);
             video_leaf_ = video_.detach().set_requires_grad(true);
           }},
          {"pixels, latent", [this] { add_loss(*pixels_); }},
          {"LPIPS", [this] { add_loss(*lpips_); }},
          {"flow, warp", [this] { add_loss(*warp_); }},
          {"decoder backward",
           [this] {
             video_.backward(video_leaf_.grad());
             video_ = video_leaf_ = at::Tensor();
           }},
          {"DiT backward", [this] {
             latent_.backward(latent_leaf_.grad());
             latent_ = latent_leaf_ = target_ = at::Tensor();
           }}};
}

/// Multiply-adds of a part in a micro-batch; a backward pass is two forward passes, one where only
/// the input has a gradient.
double macs_of(const std::string& part, const CutStep& step, const TrainStepOptions& options,
               Recompute recompute) {
  const auto macs = model::stage_macs(
      step.about(), model::latent_of(options.frames, options.height / 4, options.width / 4));
  const bool frozen_decoder = step.trained_parts() == train::TrainedParts::dit;
  const double again_dit = recompute == Recompute::off ? 0 : 1;
  const double again_decoder = recompute == Recompute::all && frozen_decoder ? 1 : 0;
  const double samples = static_cast<double>(options.micro);
  if (part == "DiT forward") return samples * macs.dit.total();
  if (part == "DiT backward") return samples * (2 + again_dit) * macs.dit.total();
  if (part == "decoder forward") return samples * macs.decode;
  if (part == "decoder backward") {
    return samples * ((frozen_decoder ? 1 : 2) + again_decoder) * macs.decode;
  }
  return 0;
}

void time_parts(CutStep& step, c10::Device device, int repeat, TrainStepResult& result) {
  const auto parts = step.parts();
  std::vector<std::vector<double>> seconds(parts.size() + 1);
  for (int call = 0; call <= repeat; ++call) {
    step.begin();
    for (std::size_t i = 0; i <= parts.size(); ++i) {
      throw_if_interrupted();
      const double time = time_once(
          device, i < parts.size() ? parts[i].second : [&step] { step.optimize(); });
      if (call > 0) seconds[i].push_back(time);
    }
  }
  step.begin();
  for (std::size_t i = 0; i <= parts.size(); ++i) {
    StepPart part;
    part.name = i < parts.size() ? parts[i].first : "optimizer";
    part.seconds = spread_of(seconds[i]);
    part.peak = static_cast<std::int64_t>(peak_bytes(
        device, i < parts.size() ? parts[i].second : [&step] { step.optimize(); }));
    result.parts.push_back(part);
  }
}

}  // namespace

std::string describe_memory(const TrainStepOptions& options) {
  const auto about = description_of(options);
  const auto precision = parse_precision(options.precision.empty() ? "bf16" : options.precision,
                                         c10::Device(c10::kCPU));
  auto question = question_of(options, precision);
  question.parts = parts_of(about);
  question.encoder = options.latent && about.decoder == model::DecoderKind::wan_vae;
  question.counts = train::count_parameters(about, question.parts);
  return train::describe_cards(about, question, options.batch);
}

TrainStepResult bench_train_step(const TrainStepOptions& options) {
  set_threads(options.threads);
  keep_freed_memory();
  const auto device = parse_device(options.device);
  const auto precision = parse_precision(options.precision, device);
  std::unique_ptr<CutStep> step;
  TrainStepResult result;
  Recompute recompute = train::recompute_from(options.recompute);
  const auto whole_step = [&] {
    step = std::make_unique<CutStep>(options, device, precision);
    auto question = question_of(options, precision);
    question.parts = step->trained_parts();
    question.encoder = step->has_encoder();
    question.counts = {step->model().trained_count(), step->model().frozen_count()};
    if (recompute == Recompute::automatic) {
      const std::int64_t memory = device_memory(device);
      recompute =
          device.is_cpu() ? Recompute::off : choose_recompute(step->about(), question, memory);
    }
    question.recompute = recompute;
    result.plan = plan_memory(step->about(), question);
    step->set_recompute(recompute);
    step->begin();
    for (const auto& part : step->parts()) part.second();
    step->optimize();
  };
  result.peak = static_cast<std::int64_t>(peak_bytes(device, whole_step));
  result.model = step->about().name;
  result.precision = precision_name(precision);
  result.recompute = train::to_string(recompute);
  result.threads = at::get_num_threads();
  result.trained = step->model().trained_count();
  result.frozen = step->model().frozen_count();
  time_parts(*step, device, options.repeat, result);
  result.finite = step->finite();
  const std::int64_t calls = options.batch / options.micro;
  for (StepPart& part : result.parts) {
    part.calls = part.name == "optimizer" ? 1 : calls;
    part.macs = macs_of(part.name, *step, options, recompute);
    result.step_seconds += static_cast<double>(part.calls) * part.seconds.median;
  }
  result.samples_per_second = static_cast<double>(options.batch) / result.step_seconds;
  step.reset();
  result.rates = measure_rates(device, precision);
  return result;
}

}  // namespace oasis::tools
