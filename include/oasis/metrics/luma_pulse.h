#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace oasis::metrics {

/// How brightness pulses are looked for.
struct LumaPulseOptions {
  double static_threshold = 2.0;      ///< code values; largest standard deviation of a static pixel
  std::vector<double> periods = {4};  ///< frames, >= 2: 4 for Wan's VAE, and the chunks' advance
};

/// Brightness pulses of a video where nothing moves. NaN everywhere if no pixel is static.
struct LumaPulse {
  std::vector<double> mean_luma;  ///< per frame, code values
  double pulse_std = 0;           ///< standard deviation about the mean luma's straight line
  std::vector<double> amplitude;  ///< per period: of a cosine over whole periods
  double static_fraction = 0;     ///< share of static pixels
};

/// Y = 0.299 R + 0.587 G + 0.114 B of a frame `[3, H, W]` in code values, float64, not rounded.
at::Tensor luma_of(const at::Tensor& frame);

/// Finds the pixels that do not change, from one frame of the reference after another.
class StaticRegion {
 public:
  /// frame `[3, H, W]`, RGB code values 0..255 of any type; all of one size.
  void add(const at::Tensor& frame);

  /// bool `[H, W]`: the luma's standard deviation over time (population) is at most `threshold`.
  at::Tensor mask(double threshold) const;

 private:
  std::int64_t frames_ = 0;
  at::Tensor mean_;
  at::Tensor squares_;  // sum of squared distances from the mean
};

/// The mean luma of the pixels of `mask`; NaN if there is none.
double mean_luma(const at::Tensor& frame, const at::Tensor& mask);

/// The spectrum of a curve of mean luma without its straight line. Throws `oasis::Error` for a
/// period below 2.
LumaPulse analyse_pulse(std::vector<double> mean_luma, double static_fraction,
                        const std::vector<double>& periods);

/// All of it for clips in memory: video and reference `[T, 3, H, W]`, RGB code values. Static is
/// what does not change in the reference (the upscaled input, the ground truth or the video).
LumaPulse luma_pulse(const at::Tensor& video, const at::Tensor& reference,
                     const LumaPulseOptions& options = {});

}  // namespace oasis::metrics
