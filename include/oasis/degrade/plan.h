#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "oasis/degrade/options.h"
#include "oasis/degrade/random_source.h"

namespace oasis::degrade {

/// A blur in one frame. All parameters of all types are kept, so that a change of type keeps the
/// severities.
struct BlurState {
  BlurType type = BlurType::iso;
  double sigma_x = 0;
  double sigma_y = 0;
  double theta = 0;
  double beta_gaussian = 0;  ///< b: the exponent lies between 1 and b
  double beta_plateau = 0;
  double omega = 0;
  double beta_share = 0;  ///< u in [0, 1): the exponent is 1 + u (b - 1)

  /// The exponent of the current type; 1 for types without one.
  double effective_beta() const;
  bool operator==(const BlurState&) const = default;
};
struct BlurPlan {
  int kernel_size = 0;
  std::vector<BlurState> frames;
};

struct ResizeState {
  Interpolation interpolation = Interpolation::linear;
  double scale = 1;
};
struct ResizePlan {
  bool to_target = false;
  ResizeMode mode = ResizeMode::keep;
  bool even = true;
  std::vector<ResizeState> frames;
};

struct NoiseState {
  NoiseType type = NoiseType::gaussian;
  bool gray = false;
  double sigma = 0;
  double poisson_scale = 0;
};
struct NoisePlan {
  std::vector<NoiseState> frames;
};

struct JpegPlan {
  std::vector<int> quality;  ///< per frame
};

struct VideoPlan {
  VideoCodec codec = VideoCodec::libx264;
  std::int64_t bitrate = 0;  ///< bits per second
  int frames_per_second = 1;
};

/// What is drawn for one operator; also when it is not applied.
struct OperatorPlan {
  std::string name;
  bool applied = true;
  std::variant<BlurPlan, ResizePlan, NoisePlan, JpegPlan, VideoPlan> drawn;
};

/// All that is random in a clip but the noise itself.
struct Plan {
  SampleKey sample;
  int frames = 0;
  std::vector<OperatorPlan> operators;  ///< as in `DegradationOptions::operators`
  std::vector<std::size_t> order;       ///< in which they are run
};

/// Draws the degradation of a clip: frame 0 from the ranges, each later frame from the one before
/// (`degradations.md` section 4). The same sample gives the same plan, and a shorter clip the
/// beginning of a longer one's. Throws `Error` unless `frames` is 1 or more.
Plan draw_plan(const DegradationOptions& options, const SampleKey& sample, int frames);

/// A line of plain ASCII for each operator in the order of application, such as
/// `blur1 aniso k13 sigma 1.20 0.43 theta 0.71`; parameters that change within the clip are shown
/// as first..last.
std::string describe(const Plan& plan);

}  // namespace oasis::degrade
