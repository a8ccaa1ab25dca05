#include "oasis/metrics/dover_fusion.h"

#include <cmath>

namespace oasis::metrics {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

DoverScores fuse_dover(double technical, double aesthetic) {
  const double t = (technical - 0.1107) / 0.07355;
  const double a = (aesthetic + 0.08285) / 0.03774;
  return {sigmoid(t), sigmoid(a), sigmoid(0.6104 * t + 0.3896 * a)};
}

}  // namespace oasis::metrics
