#include <fmt/format.h>

#include <string>

#include "degrade/operator_names.h"
#include "oasis/degrade/plan.h"

namespace oasis::degrade {
namespace {

std::string span(const std::string& first, const std::string& last) {
  return first == last ? first : first + ".." + last;
}

std::string number(double first, double last) {
  return span(fmt::format("{:.2f}", first), fmt::format("{:.2f}", last));
}

bool is_aniso(BlurType type) {
  return type == BlurType::aniso || type == BlurType::generalized_aniso ||
         type == BlurType::plateau_aniso;
}

std::string text_of(const BlurPlan& blur) {
  const BlurState &a = blur.frames.front(), &b = blur.frames.back();
  std::string text =
      fmt::format("{} k{}", span(word_of(blur_words(), a.type), word_of(blur_words(), b.type)),
                  blur.kernel_size);
  const auto either = [&](const auto& holds) { return holds(a.type) || holds(b.type); };
  if (either([](BlurType type) { return type != BlurType::sinc; })) {
    text += " sigma " + number(a.sigma_x, b.sigma_x);
  }
  if (either(is_aniso)) {
    text += fmt::format(" {} theta {}", number(a.sigma_y, b.sigma_y), number(a.theta, b.theta));
  }
  if (a.effective_beta() != 1 || b.effective_beta() != 1) {
    text += " beta " + number(a.effective_beta(), b.effective_beta());
  }
  if (either([](BlurType type) { return type == BlurType::sinc; })) {
    text += " omega " + number(a.omega, b.omega);
  }
  return text;
}

std::string text_of(const ResizePlan& resize) {
  const ResizeState &a = resize.frames.front(), &b = resize.frames.back();
  const std::string how = span(word_of(interpolation_words(), a.interpolation),
                               word_of(interpolation_words(), b.interpolation));
  if (resize.to_target) return fmt::format("to target {}", how);
  return fmt::format("{} x{} {}", word_of(mode_words(), resize.mode), number(a.scale, b.scale),
                     how);
}

std::string kind_of(const NoiseState& state) {
  return fmt::format("{}{}", word_of(noise_words(), state.type), state.gray ? " gray" : "");
}

std::string text_of(const NoisePlan& noise) {
  const NoiseState &a = noise.frames.front(), &b = noise.frames.back();
  std::string text = span(kind_of(a), kind_of(b));
  if (a.type == NoiseType::gaussian || b.type == NoiseType::gaussian) {
    text += " sigma " + number(a.sigma, b.sigma);
  }
  if (a.type == NoiseType::poisson || b.type == NoiseType::poisson) {
    text += " scale " + number(a.poisson_scale, b.poisson_scale);
  }
  return text;
}

std::string text_of(const JpegPlan& jpeg) {
  return "quality " +
         span(std::to_string(jpeg.quality.front()), std::to_string(jpeg.quality.back()));
}

std::string text_of(const VideoPlan& video) {
  return fmt::format("{} {:.1f} kbit/s at {} fps", word_of(codec_words(), video.codec),
                     static_cast<double>(video.bitrate) / 1000, video.frames_per_second);
}

}  // namespace

std::string describe(const Plan& plan) {
  std::string text;
  for (const std::size_t index : plan.order) {
    const OperatorPlan& drawn = plan.operators[index];
    if (!text.empty()) text += '\n';
    text += drawn.name + ' ';
    text += drawn.applied ? std::visit([](const auto& kind) { return text_of(kind); }, drawn.drawn)
                          : std::string("left out");
  }
  return text;
}

}  // namespace oasis::degrade
