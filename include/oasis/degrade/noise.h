#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>

#include "oasis/degrade/random_source.h"

namespace oasis::degrade {

enum class NoiseType { gaussian, poisson };

/// How strong Poisson noise is (`degradations.md` section 2.3): `unit` as RealBasicVSR was trained,
/// `byte` as in the later rewrite of its code and in DOVE, 16 times weaker.
enum class PoissonConvention { unit, byte };

/// Where a frame's noise comes from: the sample's numbers, the frame and the operator.
struct NoiseStream {
  const RandomSource& source;
  std::uint32_t frame = 0;
  std::uint32_t instance = 0;
};

/// Standard normal numbers, CV_32FC1 or CV_32FC3: Box-Muller on Philox words, number i of the frame
/// (row by row, channels interleaved) from word i.
cv::Mat normal_noise(cv::Size size, int channels, const NoiseStream& stream);

/// frame + sigma * normal. `normal` has the frame's channels, or one that R, G and B share (grey).
cv::Mat add_gaussian(const cv::Mat& frame, const cv::Mat& normal, double sigma);

/// What Poisson noise of a frame is drawn around.
struct PoissonField {
  cv::Mat values;  ///< v: the rounded frame, CV_8UC3, or its rounded luma, CV_8UC1 (grey)
  int levels = 1;  ///< N: the number of distinct values, rounded up to a power of two
};
PoissonField poisson_field(const cv::Mat& frame, bool gray);

/// The mean of the Poisson draw at value `v`.
double poisson_rate(int v, int levels, PoissonConvention convention);

/// What a draw adds to the frame at scale 1.
double poisson_offset(std::int64_t count, int v, int levels, PoissonConvention convention);

/// Draws of the Poisson distribution, CV_32S, shaped as `field.values`: number i of the frame from
/// word i by inversion.
cv::Mat poisson_counts(const PoissonField& field, PoissonConvention convention,
                       const NoiseStream& stream);

/// frame + scale * offset of each draw.
cv::Mat add_poisson(const cv::Mat& frame, const PoissonField& field, const cv::Mat& counts,
                    double scale, PoissonConvention convention);

}  // namespace oasis::degrade
