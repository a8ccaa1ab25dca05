#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "oasis/checkpoint/state_dict.h"
#include "oasis/metrics/dover_branch.h"

namespace oasis::metrics {

/// The shape of DOVER's aesthetic branch; the defaults are the published ones.
struct DoverConvNextConfig {
  std::vector<std::int64_t> depths = {3, 3, 9, 3};
  std::vector<std::int64_t> dims = {96, 192, 384, 768};
  std::string inflate = "131";    ///< frames that a block's convolution spans, repeated
  std::int64_t head_hidden = 64;  ///< channels of the head's hidden layer
};

/// ConvNeXt-3D with its head (DOVER `dover/models/conv_backbone.py`, `head.py`), frozen.
class DoverConvNext {
 public:
  /// Parameters are allocated without values: `load` them. Throws `oasis::Error` for an
  /// impossible shape.
  explicit DoverConvNext(const DoverConvNextConfig& config = {},
                         const c10::TensorOptions& options = {});
  ~DoverConvNext();

  /// `aesthetic_backbone.*` and `aesthetic_head.*` of DOVER.pth, whose other branch is passed over.
  /// Strict; errors begin with `what`.
  void load(const checkpoint::StateDict& weights, const std::string& what);

  /// video `[N, 3, T, H, W]`, normalised, at least 2x32x32.
  DoverBranchOutput forward(const at::Tensor& video) const;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

}  // namespace oasis::metrics
