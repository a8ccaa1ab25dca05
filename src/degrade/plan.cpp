#include "oasis/degrade/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "oasis/core/error.h"

namespace oasis::degrade {
namespace {

// Places of the draws. Each number is used for one thing only, so that no two parameters share
// their randomness and a new one leaves the others as they are.
enum Draw : std::uint32_t {
  draw_gate,         // in frame 0; later frames: whether the types are drawn anew
  draw_move,         // later frames: whether the continuous parameters move
  draw_type,         // kernel type, resize mode, noise type, codec
  draw_kernel_size,  //
  draw_interpolation,
  draw_gray,
  draw_beta_share,
  draw_bitrate,
  draw_first_walk,  // and the numbers after it: the continuous parameters in order
};

// Shuffles belong to no operator.
constexpr std::uint32_t shuffle_instance = 0xFFFF0000;

// The draws of one operator in one frame.
class Dice {
 public:
  Dice(const RandomSource& source, std::uint32_t instance, std::uint32_t frame, Purpose purpose)
      : source_(source), instance_(instance), frame_(frame), purpose_(purpose) {}

  double uniform(std::uint32_t draw) const {
    return source_.uniform({draw, frame_, instance_, purpose_});
  }
  bool happens(std::uint32_t draw, double probability) const { return uniform(draw) < probability; }
  std::int64_t integer(std::uint32_t draw, std::int64_t low, std::int64_t high) const {
    return source_.integer({draw, frame_, instance_, purpose_}, low, high);
  }
  template <typename T>
  T choose(std::uint32_t draw, const Choice<T>& choice) const {
    const double place = uniform(draw);
    double sum = 0;
    for (std::size_t i = 0; i + 1 < choice.values.size(); ++i) {
      sum += choice.probabilities[i];
      if (place < sum) return choice.values[i];
    }
    return choice.values.back();
  }
  double within(std::uint32_t draw, double low, double high) const {
    return low + uniform(draw) * (high - low);
  }
  double start(std::uint32_t draw, const Walk& walk) const {
    return within(draw, walk.low, walk.high);
  }
  void move(std::uint32_t draw, const Walk& walk, double& value) const {
    const double step = within(draw, -walk.step, walk.step);
    value = std::clamp(value + step, walk.low, walk.high);
  }

 private:
  const RandomSource& source_;
  std::uint32_t instance_, frame_;
  Purpose purpose_;
};

// The continuous parameters of a blur with their ranges.
using Walks = std::vector<std::pair<double BlurState::*, Walk>>;

Walks walks_of(const BlurOptions& options, std::int64_t kernel_size) {
  return {{&BlurState::sigma_x, options.sigma_x},
          {&BlurState::sigma_y, options.sigma_y},
          {&BlurState::theta, options.theta},
          {&BlurState::beta_gaussian, options.beta_gaussian},
          {&BlurState::beta_plateau, options.beta_plateau},
          {&BlurState::omega, options.omega_for(kernel_size)}};
}

// Draws one operator: the first frame with `first`, each later one from the state before it.
class OperatorSampler {
 public:
  OperatorSampler(const RandomSource& source, std::uint32_t instance, int frames,
                  const TemporalOptions& temporal)
      : source_(source), instance_(instance), frames_(frames), temporal_(temporal) {}

  bool gate(double probability) const { return first().happens(draw_gate, probability); }

  BlurPlan operator()(const BlurOptions& options) const {
    const Dice dice = first();
    const auto last_size = static_cast<std::int64_t>(options.kernel_sizes.size()) - 1;
    const auto place = static_cast<std::size_t>(dice.integer(draw_kernel_size, 0, last_size));
    const std::int64_t size = options.kernel_sizes[place];
    const Walks walks = walks_of(options, size);
    BlurState state;
    state.type = dice.choose(draw_type, options.types);
    state.beta_share = dice.uniform(draw_beta_share);
    for (std::uint32_t i = 0; i < walks.size(); ++i) {
      state.*walks[i].first = dice.start(draw_first_walk + i, walks[i].second);
    }
    const auto redraw = [&](const Dice& now, BlurState& next) {
      next.type = now.choose(draw_type, options.types);
      next.beta_share = now.uniform(draw_beta_share);
    };
    const auto move = [&](const Dice& now, BlurState& next) {
      for (std::uint32_t i = 0; i < walks.size(); ++i) {
        now.move(draw_first_walk + i, walks[i].second, next.*walks[i].first);
      }
    };
    const auto jitter = [&](const Dice& now, BlurState& next) {
      if (temporal_.beta_jitter) next.beta_share = now.uniform(draw_beta_share);
    };
    return {static_cast<int>(size), chain(state, redraw, move, jitter)};
  }

  ResizePlan operator()(const ResizeOptions& options) const {
    const Dice dice = first();
    ResizeState state;
    state.interpolation = dice.choose(draw_interpolation, options.interpolations);
    if (options.to_target) {
      return {true, ResizeMode::keep, options.even,
              std::vector<ResizeState>(static_cast<std::size_t>(frames_), state)};
    }
    const ResizeMode mode = dice.choose(draw_type, options.modes);
    if (mode == ResizeMode::up) state.scale = dice.within(draw_first_walk, 1, options.scale.high);
    if (mode == ResizeMode::down) state.scale = dice.within(draw_first_walk, options.scale.low, 1);
    const auto redraw = [&](const Dice& now, ResizeState& next) {
      next.interpolation = now.choose(draw_interpolation, options.interpolations);
    };
    const auto move = [&](const Dice& now, ResizeState& next) {
      now.move(draw_first_walk, options.scale, next.scale);
    };
    return {false, mode, options.even, chain(state, redraw, move)};
  }

  NoisePlan operator()(const NoiseOptions& options) const {
    const auto draw_types = [&](const Dice& now, NoiseState& state) {
      state.type = now.choose(draw_type, options.types);
      state.gray = now.happens(draw_gray, options.gray_probability);
    };
    NoiseState state;
    draw_types(first(), state);
    state.sigma = first().start(draw_first_walk, options.sigma);
    state.poisson_scale = first().start(draw_first_walk + 1, options.poisson_scale);
    const auto move = [&](const Dice& now, NoiseState& next) {
      now.move(draw_first_walk, options.sigma, next.sigma);
      now.move(draw_first_walk + 1, options.poisson_scale, next.poisson_scale);
    };
    return {chain(state, draw_types, move)};
  }

  JpegPlan operator()(const JpegOptions& options) const {
    const double start = std::nearbyint(first().start(draw_first_walk, options.quality));
    const auto move = [&](const Dice& now, double& quality) {
      now.move(draw_first_walk, options.quality, quality);
      quality = std::nearbyint(quality);
    };
    JpegPlan plan;
    for (const double quality : chain(
             start, [](const Dice&, double&) {}, move)) {
      plan.quality.push_back(static_cast<int>(quality));
    }
    return plan;
  }

  VideoPlan operator()(const VideoOptions& options) const {
    const Dice dice = first();
    return {dice.choose(draw_type, options.codecs),
            dice.integer(draw_bitrate, options.bitrate_low, options.bitrate_high),
            static_cast<int>(options.frames_per_second)};
  }

 private:
  Dice first() const { return {source_, instance_, 0, Purpose::parameters}; }

  template <typename State, typename Redraw, typename Move, typename Jitter>
  std::vector<State> chain(State state, const Redraw& redraw, const Move& move,
                           const Jitter& jitter) const {
    std::vector<State> states{state};
    for (int frame = 1; frame < frames_; ++frame) {
      const Dice dice(source_, instance_, static_cast<std::uint32_t>(frame), Purpose::temporal);
      if (dice.happens(draw_gate, temporal_.p_type)) redraw(dice, state);
      if (dice.happens(draw_move, temporal_.p_severity)) move(dice, state);
      jitter(dice, state);
      states.push_back(state);
    }
    return states;
  }
  template <typename State, typename Redraw, typename Move>
  std::vector<State> chain(State state, const Redraw& redraw, const Move& move) const {
    return chain(state, redraw, move, [](const Dice&, State&) {});
  }

  const RandomSource& source_;
  std::uint32_t instance_;
  int frames_;
  const TemporalOptions& temporal_;
};

// Fisher-Yates on the groups of each step.
std::vector<std::size_t> draw_order(const std::vector<ShuffledGroups>& steps,
                                    const RandomSource& source) {
  std::vector<std::size_t> order;
  for (std::size_t step = 0; step < steps.size(); ++step) {
    ShuffledGroups groups = steps[step];
    for (std::size_t left = groups.size(); left > 1; --left) {
      const DrawPlace place{static_cast<std::uint32_t>(left), 0,
                            shuffle_instance + static_cast<std::uint32_t>(step),
                            Purpose::parameters};
      const auto picked = source.integer(place, 0, static_cast<std::int64_t>(left) - 1);
      std::swap(groups[left - 1], groups[static_cast<std::size_t>(picked)]);
    }
    for (const auto& group : groups) order.insert(order.end(), group.begin(), group.end());
  }
  return order;
}

}  // namespace

double BlurState::effective_beta() const {
  switch (type) {
    case BlurType::generalized_iso:
    case BlurType::generalized_aniso:
      return 1 + beta_share * (beta_gaussian - 1);
    case BlurType::plateau_iso:
    case BlurType::plateau_aniso:
      return 1 + beta_share * (beta_plateau - 1);
    default:
      return 1;
  }
}

Plan draw_plan(const DegradationOptions& options, const SampleKey& sample, int frames) {
  if (frames < 1) throw Error(fmt::format("degradation: a clip of {} frames", frames));
  const RandomSource source(sample);
  Plan plan;
  plan.sample = sample;
  plan.frames = frames;
  for (std::uint32_t i = 0; i < options.operators.size(); ++i) {
    const OperatorOptions& of = options.operators[i];
    const OperatorSampler draw(source, i, frames, options.temporal);
    OperatorPlan drawn{of.name, draw.gate(of.probability), {}};
    std::visit([&](const auto& kind) { drawn.drawn = draw(kind); }, of.kind);
    plan.operators.push_back(std::move(drawn));
  }
  plan.order = draw_order(options.steps, source);
  return plan;
}

}  // namespace oasis::degrade
