#include "degrade/read_operator.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "degrade/operator_names.h"

namespace oasis::degrade {
namespace {

using config::ConfigNode;

constexpr double infinity = std::numeric_limits<double>::infinity();

// `{iso: 0.4, sinc: 0.1}`: weights of some of the words, in the file's order.
template <typename T>
void read_choice(const ConfigNode& entry, const std::string& key, const Words<T>& words,
                 Choice<T>& choice) {
  if (!entry.has(key)) return;
  const ConfigNode weights = entry.child(key);
  Choice<T> read;
  double sum = 0;
  std::vector<std::string> known;
  for (const auto& word : words) known.push_back(word.first);
  for (const std::string& name : weights.keys()) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      const std::string near = config::nearest_name(name, known);
      weights.fail(name,
                   fmt::format("'{}' knows no '{}'; {}", key, name,
                               near.empty() ? fmt::format("choose from {}", fmt::join(known, ", "))
                                            : fmt::format("did you mean '{}'?", near)));
    }
    const double weight = weights.number(name);
    if (!(weight >= 0 && weight < infinity)) {
      weights.fail(name,
                   fmt::format("'{}.{}': {} is no weight; choose 0 or more", key, name, weight));
    }
    read.values.push_back(words[static_cast<std::size_t>(found - known.begin())].second);
    read.probabilities.push_back(weight);
    sum += weight;
  }
  if (!(sum > 0)) entry.fail(key, fmt::format("'{}': the weights add up to nothing", key));
  for (double& weight : read.probabilities) weight /= sum;
  choice = std::move(read);
}

struct Limits {
  double least = -infinity;
  double most = infinity;
};

void read_step(const ConfigNode& block, const std::string& key, Walk& walk) {
  walk.step = block.number("step", walk.step);
  if (!(walk.step >= 0 && walk.step < infinity)) {
    block.fail("step", fmt::format("'{}.step': choose 0 or more", key));
  }
}

void read_range(const ConfigNode& block, const std::string& key, Walk& walk, Limits limits) {
  const auto range = block.numbers("range");
  if (range.size() != 2 || !(range[0] <= range[1])) {
    block.fail("range", fmt::format("'{}.range' should be [lowest, highest]", key));
  }
  if (!(range[0] >= limits.least && range[1] <= limits.most)) {
    block.fail("range", fmt::format("'{}.range' [{}, {}] goes beyond [{}, {}]", key, range[0],
                                    range[1], limits.least, limits.most));
  }
  walk.low = range[0];
  walk.high = range[1];
}

// `{range: [low, high], step: s}`
void read_walk(const ConfigNode& entry, const std::string& key, Walk& walk, Limits limits) {
  if (!entry.has(key)) return;
  const ConfigNode block = entry.child(key);
  if (block.has("range")) read_range(block, key, walk, limits);
  read_step(block, key, walk);
  block.reject_unknown();
}

// The same, or `range: auto`.
void read_omega(const ConfigNode& entry, BlurOptions& blur) {
  if (!entry.has("omega")) return;
  const ConfigNode block = entry.child("omega");
  if (block.has("range")) {
    blur.omega_auto = !block.is_list("range");
    if (!blur.omega_auto) {
      read_range(block, "omega", blur.omega, {1e-3, 6.2832});
    } else if (block.text("range") != "auto") {
      block.fail("range", "'omega.range' should be [lowest, highest] or auto");
    }
  }
  read_step(block, "omega", blur.omega);
  block.reject_unknown();
}

double read_share(const ConfigNode& entry, const std::string& key, double absent) {
  const double value = entry.number(key, absent);
  if (!(value >= 0 && value <= 1)) {
    entry.fail(key, fmt::format("'{}': {} is not a probability; choose 0 to 1", key, value));
  }
  return value;
}

BlurOptions read_blur(const ConfigNode& entry) {
  BlurOptions blur;
  if (entry.has("kernel_size")) {
    blur.kernel_sizes = entry.integers("kernel_size");
    const auto fits = [](std::int64_t size) { return size >= 1 && size <= 99 && size % 2 == 1; };
    if (blur.kernel_sizes.empty() ||
        !std::all_of(blur.kernel_sizes.begin(), blur.kernel_sizes.end(), fits)) {
      entry.fail("kernel_size", "'kernel_size' should list odd numbers from 1 to 99");
    }
  }
  read_choice(entry, "types", blur_words(), blur.types);
  read_walk(entry, "sigma_x", blur.sigma_x, {1e-2, 1e3});
  read_walk(entry, "sigma_y", blur.sigma_y, {1e-2, 1e3});
  read_walk(entry, "theta", blur.theta, {-1e3, 1e3});
  read_walk(entry, "beta_gaussian", blur.beta_gaussian, {1e-2, 100});
  read_walk(entry, "beta_plateau", blur.beta_plateau, {1e-2, 100});
  read_omega(entry, blur);
  return blur;
}

ResizeOptions read_resize(const ConfigNode& entry) {
  ResizeOptions resize;
  read_choice(entry, "modes", mode_words(), resize.modes);
  read_walk(entry, "scale", resize.scale, {1e-3, 8});
  if (resize.scale.low > 1 || resize.scale.high < 1) {
    entry.fail("scale", "'scale.range' should hold 1, which is where up, down and keep part");
  }
  read_choice(entry, "interp", interpolation_words(), resize.interpolations);
  resize.even = entry.boolean("even", resize.even);
  return resize;
}

ResizeOptions read_target_resize(const ConfigNode& entry) {
  ResizeOptions resize;
  resize.to_target = true;
  read_choice(entry, "interp", interpolation_words(), resize.interpolations);
  return resize;
}

NoiseOptions read_noise(const ConfigNode& entry) {
  NoiseOptions noise;
  read_choice(entry, "types", noise_words(), noise.types);
  noise.gray_probability = read_share(entry, "gray_prob", noise.gray_probability);
  read_walk(entry, "sigma", noise.sigma, {0, 1e3});
  read_walk(entry, "poisson_scale", noise.poisson_scale, {0, 1e3});
  return noise;
}

JpegOptions read_jpeg(const ConfigNode& entry) {
  JpegOptions jpeg;
  read_walk(entry, "quality", jpeg.quality, {1, 100});
  return jpeg;
}

VideoOptions read_video(const ConfigNode& entry) {
  VideoOptions video;
  read_choice(entry, "codec", codec_words(), video.codecs);
  if (entry.has("bitrate")) {
    const auto range = entry.integers("bitrate");
    if (range.size() != 2 || range[0] < 1000 || range[0] > range[1] || range[1] > 1000000000) {
      entry.fail("bitrate", "'bitrate' should be [lowest, highest] bits per second from 1000 up");
    }
    video.bitrate_low = range[0];
    video.bitrate_high = range[1];
  }
  video.frames_per_second = entry.integer("fps", video.frames_per_second);
  if (video.frames_per_second < 1 || video.frames_per_second > 1000) {
    entry.fail("fps", "'fps': choose 1 to 1000");
  }
  return video;
}

}  // namespace

OperatorOptions read_operator(const ConfigNode& entry) {
  const std::string op = entry.text("op");
  OperatorOptions options;
  options.probability = read_share(entry, "prob", 1);
  if (op == "blur") {
    options.kind = read_blur(entry);
  } else if (op == "resize") {
    options.kind = read_resize(entry);
  } else if (op == "resize_to_target") {
    options.kind = read_target_resize(entry);
    if (options.probability < 1) {
      entry.fail("prob", "'prob': resize_to_target cannot be left out");
    }
  } else if (op == "noise") {
    options.kind = read_noise(entry);
  } else if (op == "jpeg") {
    options.kind = read_jpeg(entry);
  } else if (op == "video") {
    options.kind = read_video(entry);
  } else {
    entry.fail("op", fmt::format("'op': no operator is called '{}'; choose blur, resize, "
                                 "resize_to_target, noise, jpeg, video or shuffle",
                                 op));
  }
  entry.reject_unknown();
  return options;
}

}  // namespace oasis::degrade
