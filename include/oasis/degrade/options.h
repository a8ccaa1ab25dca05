#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "oasis/degrade/blur_kernel.h"
#include "oasis/degrade/noise.h"
#include "oasis/degrade/resize.h"
#include "oasis/degrade/unsharp_mask.h"

namespace oasis::degrade {

/// A number drawn uniformly from [low, high] for the first frame, which from frame to frame moves
/// by at most `step` either way and is clamped to the range.
struct Walk {
  double low = 0;
  double high = 0;
  double step = 0;
};

/// One of several values, drawn by probability.
template <typename T>
struct Choice {
  std::vector<T> values;
  std::vector<double> probabilities;  ///< sum 1
};

/// `degradations.md` section 2.1; defaults of the first blur.
struct BlurOptions {
  std::vector<std::int64_t> kernel_sizes{7, 9, 11, 13, 15, 17, 19, 21};
  Choice<BlurType> types{
      {BlurType::iso, BlurType::aniso, BlurType::generalized_iso, BlurType::generalized_aniso,
       BlurType::plateau_iso, BlurType::plateau_aniso, BlurType::sinc},
      {0.405, 0.225, 0.108, 0.027, 0.108, 0.027, 0.1}};
  Walk sigma_x{0.2, 3.0, 0.02};          ///< pixels
  Walk sigma_y{0.2, 3.0, 0.02};          ///< pixels
  Walk theta{-3.1416, 3.1416, 0.31416};  ///< radians
  Walk beta_gaussian{0.5, 4.0, 0.05};    ///< the exponent is drawn between 1 and this
  Walk beta_plateau{1.0, 2.0, 0.1};      ///< the same
  Walk omega{0, 0, 0.0628};  ///< radians per pixel; the range counts if not `omega_auto`
  bool omega_auto = true;    ///< [pi/3, pi] for kernels below 13, [pi/5, pi] from there

  /// The range of omega for kernels of this size.
  Walk omega_for(std::int64_t kernel_size) const;
};

enum class ResizeMode { up, down, keep };

/// Section 2.2; defaults of the first resize.
struct ResizeOptions {
  bool to_target = false;  ///< to HQ size / scale: only `interpolations` counts, once per clip
  Choice<ResizeMode> modes{{ResizeMode::up, ResizeMode::down, ResizeMode::keep}, {0.2, 0.7, 0.1}};
  Walk scale{0.15, 1.5, 0.015};  ///< of the operator's first input frame
  Choice<Interpolation> interpolations{
      {Interpolation::linear, Interpolation::area, Interpolation::cubic},
      {1.0 / 3, 1.0 / 3, 1.0 / 3}};
  bool even = true;  ///< sizes are even numbers
};

/// Section 2.3; defaults of the first noise.
struct NoiseOptions {
  Choice<NoiseType> types{{NoiseType::gaussian, NoiseType::poisson}, {0.5, 0.5}};
  double gray_probability = 0.4;
  Walk sigma{1, 30, 0.1};                ///< of Gaussian noise, on the scale 0..255
  Walk poisson_scale{0.05, 3.0, 0.005};  ///< factor of Poisson noise
};

/// Section 2.4.
struct JpegOptions {
  Walk quality{30, 95, 3};  ///< rounded to a whole number
};

enum class VideoCodec { libx264, mpeg4 };

/// Section 2.5.
struct VideoOptions {
  Choice<VideoCodec> codecs{{VideoCodec::libx264, VideoCodec::mpeg4}, {2.0 / 3, 1.0 / 3}};
  std::int64_t bitrate_low = 10000;    ///< bits per second
  std::int64_t bitrate_high = 100000;  ///< bits per second, included
  std::int64_t frames_per_second = 1;  ///< 1: the bit rate is that of a frame
};

/// One operator of the pipeline.
struct OperatorOptions {
  std::string name;        ///< kind and running number in the file's order: `blur1`, `resize3`
  double probability = 1;  ///< of being applied to a clip
  std::variant<BlurOptions, ResizeOptions, NoiseOptions, JpegOptions, VideoOptions> kind;
};

/// Groups of operators (numbers in `DegradationOptions::operators`) that are run in random order;
/// within a group the order is fixed. A plain operator is one group of one.
using ShuffledGroups = std::vector<std::vector<std::size_t>>;

/// How parameters change within a clip (section 4).
struct TemporalOptions {
  double p_type = 0;      ///< in each later frame: probability of redrawing the types
  double p_severity = 0;  ///< in each later frame: probability of moving the continuous parameters
  bool beta_jitter =
      false;  ///< redraw the share of the exponent in each frame, as RealBasicVSR does
};

enum class SwscaleMode {
  reference,  ///< truncates: a pass through the codec darkens by about 1.2 of 255
  unbiased,
};

/// The whole degradation of a training stage; defaults of stage 1.
struct DegradationOptions {
  std::int64_t scale = 4;  ///< HQ size : LQ size
  PoissonConvention poisson = PoissonConvention::unit;
  SwscaleMode swscale = SwscaleMode::reference;
  bool jpeg_as_bgr = true;  ///< JPEG takes R for B, as the references have it
  UnsharpMask usm;
  TemporalOptions temporal;
  std::vector<OperatorOptions> operators;
  std::vector<ShuffledGroups> steps;  ///< in order; every operator in exactly one
};

/// The pipeline of `degradations.md` section 4 with the `temporal` block of stage 1 or 2. Throws
/// `Error` (usage) for any other stage.
DegradationOptions stage_options(int stage);

}  // namespace oasis::degrade
