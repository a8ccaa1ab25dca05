#include "oasis/degrade/blur_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "oasis/core/error.h"

namespace oasis::degrade {
namespace {

// p^T S^-1 p with S = R diag(sigma_x^2, sigma_y^2) R^T: the squared length of R^T p in sigmas.
class QuadraticForm {
 public:
  QuadraticForm(const KernelParameters& given, bool iso)
      : cos_(iso ? 1 : std::cos(given.theta)),
        sin_(iso ? 0 : std::sin(given.theta)),
        sigma_x_(given.sigma_x),
        sigma_y_(iso ? given.sigma_x : given.sigma_y) {}

  double operator()(double x, double y) const {
    const double along = (cos_ * x + sin_ * y) / sigma_x_;
    const double across = (cos_ * y - sin_ * x) / sigma_y_;
    return along * along + across * across;
  }

 private:
  double cos_, sin_, sigma_x_, sigma_y_;
};

template <typename Shape>
cv::Mat fill(int size, const Shape& shape) {
  cv::Mat kernel(size, size, CV_64F);
  const int centre = size / 2;
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      kernel.at<double>(row, column) = shape(column - centre, row - centre);
    }
  }
  double sum = 0;
  for (auto entry = kernel.begin<double>(); entry != kernel.end<double>(); ++entry) sum += *entry;
  return kernel / sum;
}

cv::Mat sinc_kernel(int size, double omega) {
  return fill(size, [omega](double x, double y) {
    const double radius = std::hypot(x, y);
    if (radius == 0) return omega * omega / (4 * std::numbers::pi);
    return omega * ::j1(omega * radius) / (2 * std::numbers::pi * radius);
  });
}

}  // namespace

cv::Mat blur_kernel(const KernelParameters& given) {
  if (given.size < 1 || given.size % 2 == 0) {
    throw Error(fmt::format("blur kernel: size {} is not odd", given.size));
  }
  const QuadraticForm iso(given, true), aniso(given, false);
  const auto gaussian = [&](const QuadraticForm& q) {
    return fill(given.size, [&](double x, double y) { return std::exp(-q(x, y) / 2); });
  };
  const auto generalized = [&](const QuadraticForm& q) {
    return fill(given.size,
                [&](double x, double y) { return std::exp(-std::pow(q(x, y), given.beta) / 2); });
  };
  const auto plateau = [&](const QuadraticForm& q) {
    return fill(given.size,
                [&](double x, double y) { return 1 / (1 + std::pow(q(x, y), given.beta)); });
  };
  switch (given.type) {
    case BlurType::iso:
      return gaussian(iso);
    case BlurType::aniso:
      return gaussian(aniso);
    case BlurType::generalized_iso:
      return generalized(iso);
    case BlurType::generalized_aniso:
      return generalized(aniso);
    case BlurType::plateau_iso:
      return plateau(iso);
    case BlurType::plateau_aniso:
      return plateau(aniso);
    case BlurType::sinc:
      return sinc_kernel(given.size, given.omega);
  }
  throw Error("blur kernel: no such type");
}

}  // namespace oasis::degrade
