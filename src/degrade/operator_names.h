#pragma once

#include <string>
#include <utility>
#include <vector>

#include "oasis/degrade/options.h"

namespace oasis::degrade {

/// The words of the configuration and of `describe`.
template <typename T>
using Words = std::vector<std::pair<std::string, T>>;

inline const Words<BlurType>& blur_words() {
  static const Words<BlurType> words{{"iso", BlurType::iso},
                                     {"aniso", BlurType::aniso},
                                     {"generalized_iso", BlurType::generalized_iso},
                                     {"generalized_aniso", BlurType::generalized_aniso},
                                     {"plateau_iso", BlurType::plateau_iso},
                                     {"plateau_aniso", BlurType::plateau_aniso},
                                     {"sinc", BlurType::sinc}};
  return words;
}

inline const Words<ResizeMode>& mode_words() {
  static const Words<ResizeMode> words{
      {"up", ResizeMode::up}, {"down", ResizeMode::down}, {"keep", ResizeMode::keep}};
  return words;
}

inline const Words<Interpolation>& interpolation_words() {
  static const Words<Interpolation> words{{"linear", Interpolation::linear},
                                          {"area", Interpolation::area},
                                          {"cubic", Interpolation::cubic}};
  return words;
}

inline const Words<NoiseType>& noise_words() {
  static const Words<NoiseType> words{{"gaussian", NoiseType::gaussian},
                                      {"poisson", NoiseType::poisson}};
  return words;
}

inline const Words<VideoCodec>& codec_words() {
  static const Words<VideoCodec> words{{"libx264", VideoCodec::libx264},
                                       {"mpeg4", VideoCodec::mpeg4}};
  return words;
}

template <typename T>
const std::string& word_of(const Words<T>& words, T value) {
  for (const auto& entry : words) {
    if (entry.second == value) return entry.first;
  }
  return words.front().first;
}

}  // namespace oasis::degrade
