#pragma once

#include <opencv2/core/mat.hpp>

namespace oasis::degrade {

/// The shapes of RealBasicVSR's and Real-ESRGAN's blur kernels (`degradations.md` section 2.1).
enum class BlurType {
  iso,                ///< Gaussian with sigma_x both ways
  aniso,              ///< Gaussian with sigma_x, sigma_y, theta
  generalized_iso,    ///< exp(-q^beta / 2), q the squared distance in sigmas
  generalized_aniso,  ///< the same with sigma_x, sigma_y, theta
  plateau_iso,        ///< 1 / (1 + q^beta)
  plateau_aniso,      ///< the same with sigma_x, sigma_y, theta
  sinc,               ///< circular low-pass with cut-off omega
};

/// All types read what they need and ignore the rest.
struct KernelParameters {
  BlurType type = BlurType::iso;
  int size = 7;        ///< rows and columns, odd
  double sigma_x = 1;  ///< pixels
  double sigma_y = 1;  ///< pixels
  double theta = 0;    ///< radians, from x (right) towards y (down)
  double beta = 1;     ///< the exponent that is really used, on the squared distance
  double omega = 1;    ///< radians per pixel
};

/// The kernel `[size, size]` (row, column) in double precision; its sum is 1. Throws `Error` for an
/// even size.
cv::Mat blur_kernel(const KernelParameters& parameters);

}  // namespace oasis::degrade
