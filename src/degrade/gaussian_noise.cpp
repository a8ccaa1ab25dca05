#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <opencv2/core.hpp>

#include "degrade/cpu_clones.h"
#include "degrade/noise_words.h"
#include "oasis/degrade/noise.h"

namespace oasis::degrade {
namespace {

// -2 ln((word + 1) 2^-32) in single precision. `word + 1` is put together of two halves, so that
// small ones keep their digits; the polynomial is the one of Cephes' logf.
inline float minus_two_log(std::uint32_t word) {
  const float value = static_cast<float>(static_cast<std::int32_t>(word >> 16)) * 65536.0F +
                      (static_cast<float>(static_cast<std::int32_t>(word & 0xFFFF)) + 1.0F);
  constexpr std::int32_t root_half = 0x3F3504F3;
  const auto bits = std::bit_cast<std::int32_t>(value);
  const std::int32_t exponent = (bits - root_half) >> 23;
  const float f = std::bit_cast<float>(bits - (exponent << 23)) - 1.0F;
  float p = 7.0376836292e-2F;
  p = p * f - 1.1514610310e-1F;
  p = p * f + 1.1676998740e-1F;
  p = p * f - 1.2420140846e-1F;
  p = p * f + 1.4249322787e-1F;
  p = p * f - 1.6668057665e-1F;
  p = p * f + 2.0000714765e-1F;
  p = p * f - 2.4999993993e-1F;
  p = p * f + 3.3333331174e-1F;
  const float log_of_f = f + f * f * (p * f - 0.5F);
  return -2.0F * (log_of_f + static_cast<float>(exponent - 32) * 0.6931471805599453F);
}

// sqrt(x) for x >= 0 without a library call, so that the loop around it becomes vector code.
inline float root(float x) {
  const float safe = x + 1e-20F;
  float inverse = std::bit_cast<float>(0x5F3759DF - (std::bit_cast<std::int32_t>(safe) >> 1));
  for (int step = 0; step < 3; ++step) inverse *= 1.5F - 0.5F * safe * inverse * inverse;
  return x * inverse;
}

// The sine and cosine of word * 2 pi / 2^32: the nearest quarter turn and a polynomial for the
// rest.
inline void sine_cosine(std::uint32_t word, float& sine, float& cosine) {
  const std::uint32_t quarter = (word + 0x20000000U) >> 30;
  const auto rest = static_cast<std::int32_t>(word - (quarter << 30));
  const float x = static_cast<float>(rest) * 1.4629180792671596e-9F;  // pi / 2^31
  const float z = x * x;
  const float s = x + x * z * (-1.6666654611e-1F + z * (8.3321608736e-3F - z * 1.9515295891e-4F));
  const float c =
      1.0F - 0.5F * z +
      z * z * (4.166664568298827e-2F + z * (-1.388731625493765e-3F + z * 2.443315711809948e-5F));
  // Odd quarters exchange the two; the signs follow the quarter. In bits, for want of branches.
  const std::uint32_t odd = 0U - (quarter & 1U);
  const auto s_bits = std::bit_cast<std::uint32_t>(s), c_bits = std::bit_cast<std::uint32_t>(c);
  const std::uint32_t exchanged = (s_bits ^ c_bits) & odd;
  sine = std::bit_cast<float>((s_bits ^ exchanged) ^ ((quarter & 2U) << 30));
  cosine = std::bit_cast<float>((c_bits ^ exchanged) ^ (((quarter + 1U) & 2U) << 30));
}

// Box-Muller on a batch of blocks: two pairs of words each.
OASIS_CLONES_EXACT
void to_normal(const WordBatch& words, float* target) {
  std::array<std::array<float, kBatch>, 4> lanes;
  for (std::size_t pair = 0; pair < 4; pair += 2) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      const float radius = root(minus_two_log(words[pair][i]));
      float sine, cosine;
      sine_cosine(words[pair + 1][i], sine, cosine);
      lanes[pair][i] = radius * cosine;
      lanes[pair + 1][i] = radius * sine;
    }
  }
  for (std::size_t i = 0; i < kBatch; ++i) {
    for (std::size_t lane = 0; lane < 4; ++lane) target[4 * i + lane] = lanes[lane][i];
  }
}

}  // namespace

cv::Mat normal_noise(cv::Size size, int channels, const NoiseStream& stream) {
  cv::Mat result(size, CV_32FC(channels));
  auto* target = result.ptr<float>();
  const std::size_t count = result.total() * static_cast<std::size_t>(channels);
  WordBatch words;
  std::array<float, 4 * kBatch> last;
  for (std::size_t done = 0; done < count; done += last.size()) {
    draw_words(stream, done / 4, words);
    if (count - done >= last.size()) {
      to_normal(words, target + done);
    } else {
      to_normal(words, last.data());
      std::copy_n(last.data(), count - done, target + done);
    }
  }
  return result;
}

cv::Mat add_gaussian(const cv::Mat& frame, const cv::Mat& normal, double sigma) {
  cv::Mat noise = normal;
  if (normal.channels() != frame.channels()) cv::merge(std::array{normal, normal, normal}, noise);
  cv::Mat result;
  cv::scaleAdd(noise, sigma, frame, result);
  return result;
}

}  // namespace oasis::degrade
