#pragma once

#include <ATen/core/Tensor.h>

namespace oasis::metrics {

/// What one of DOVER's two branches says of some clips.
struct DoverBranchOutput {
  at::Tensor feature;  ///< [N, C, D, h, w], after the last norm
  at::Tensor map;      ///< [N, 1, D, h, w], the head's opinion of each place
  at::Tensor score;    ///< [N], the map's mean; unbounded, see `fuse_dover`
};

}  // namespace oasis::metrics
