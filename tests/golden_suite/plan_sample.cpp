#include <algorithm>
#include <limits>

#include "oasis/degrade/plan.h"
#include "plan_statistics.h"

namespace oasis::golden {
namespace {

using namespace degrade;

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

template <typename T>
double place_of(const T& value, const std::vector<T>& values) {
  return static_cast<double>(std::find(values.begin(), values.end(), value) - values.begin());
}

bool is_generalized(BlurType type) {
  return type == BlurType::generalized_iso || type == BlurType::generalized_aniso;
}
bool is_plateau(BlurType type) {
  return type == BlurType::plateau_iso || type == BlurType::plateau_aniso;
}

// The names of an operator's columns, in the order in which `observe` gives their values.
std::vector<std::string> columns(const BlurOptions&) {
  return {"type",
          "kernel_size",
          "sigma_x",
          "sigma_y",
          "theta",
          "beta_gaussian",
          "beta_plateau",
          "omega",
          "effective_beta_gaussian",
          "effective_beta_plateau"};
}
std::vector<std::string> columns(const ResizeOptions&) { return {"mode", "interp", "scale"}; }
std::vector<std::string> columns(const NoiseOptions&) {
  return {"type", "gray", "sigma", "poisson_scale"};
}
std::vector<std::string> columns(const JpegOptions&) { return {"quality"}; }
std::vector<std::string> columns(const VideoOptions&) { return {"codec", "bitrate"}; }

std::vector<double> observe(const BlurOptions& options, const BlurPlan& plan, std::size_t frame) {
  const BlurState& state = plan.frames[frame];
  return {place_of(state.type, options.types.values),
          place_of(std::int64_t{plan.kernel_size}, options.kernel_sizes),
          state.sigma_x,
          state.sigma_y,
          state.theta,
          state.beta_gaussian,
          state.beta_plateau,
          state.omega,
          is_generalized(state.type) ? state.effective_beta() : nothing,
          is_plateau(state.type) ? state.effective_beta() : nothing};
}
std::vector<double> observe(const ResizeOptions& options, const ResizePlan& plan,
                            std::size_t frame) {
  const ResizeState& state = plan.frames[frame];
  return {place_of(plan.mode, options.modes.values),
          place_of(state.interpolation, options.interpolations.values), state.scale};
}
std::vector<double> observe(const NoiseOptions& options, const NoisePlan& plan, std::size_t frame) {
  const NoiseState& state = plan.frames[frame];
  return {place_of(state.type, options.types.values), state.gray ? 1.0 : 0.0, state.sigma,
          state.poisson_scale};
}
std::vector<double> observe(const JpegOptions&, const JpegPlan& plan, std::size_t frame) {
  return {static_cast<double>(plan.quality[frame])};
}
std::vector<double> observe(const VideoOptions& options, const VideoPlan& plan, std::size_t) {
  return {place_of(plan.codec, options.codecs.values), static_cast<double>(plan.bitrate)};
}

template <typename Options, typename Drawn>
std::vector<double> observe(const Options&, const Drawn&, std::size_t) {
  throw std::logic_error("an operator's plan is of another kind");
}

const ShuffledGroups* first_shuffle(const DegradationOptions& options) {
  for (const ShuffledGroups& groups : options.steps) {
    if (groups.size() > 1) return &groups;
  }
  return nullptr;
}

}  // namespace

void PlanSample::add_series(const std::string& name) {
  index_[name] = series_.size();
  series_.push_back({name, std::vector<double>(clips_ * frames_, nothing)});
}

PlanSample::PlanSample(const DegradationOptions& options, std::uint64_t seed, std::int64_t clips,
                       int frames)
    : options_(options),
      clips_(static_cast<std::size_t>(clips)),
      frames_(static_cast<std::size_t>(frames)) {
  std::vector<std::size_t> first_series;
  for (const OperatorOptions& of : options.operators) {
    first_series.push_back(series_.size());
    const auto names = std::visit([](const auto& kind) { return columns(kind); }, of.kind);
    for (const std::string& name : names) add_series(of.name + "." + name);
    applied_[of.name] = 0;
  }
  const ShuffledGroups* shuffle = first_shuffle(options);
  const auto share = 1 / static_cast<double>(clips);
  for (std::size_t clip = 0; clip < clips_; ++clip) {
    const Plan plan = draw_plan(options, {seed, 1, clip}, frames);
    for (std::size_t op = 0; op < plan.operators.size(); ++op) {
      if (!plan.operators[op].applied) continue;
      applied_[plan.operators[op].name] += share;
      for (std::size_t frame = 0; frame < frames_; ++frame) {
        const auto values =
            std::visit([&](const auto& of, const auto& drawn) { return observe(of, drawn, frame); },
                       options.operators[op].kind, plan.operators[op].drawn);
        for (std::size_t i = 0; i < values.size(); ++i) {
          series_[first_series[op] + i].values[clip * frames_ + frame] = values[i];
        }
      }
    }
    if (shuffle != nullptr) {
      const auto place = [&](std::size_t group) {
        return std::find(plan.order.begin(), plan.order.end(), (*shuffle)[group].front());
      };
      if (place(0) < place(1)) first_group_first_ += share;
    }
  }
}

std::vector<double> PlanSample::column(const std::string& name, std::size_t frame) const {
  const auto& values = series(name).values;
  std::vector<double> result(clips_);
  for (std::size_t clip = 0; clip < clips_; ++clip) result[clip] = values[clip * frames_ + frame];
  return result;
}

}  // namespace oasis::golden
