#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "oasis/checkpoint/state_dict.h"
#include "oasis/metrics/dover_branch.h"

namespace oasis::metrics {

/// The shape of DOVER's technical branch; the defaults are the published ones.
struct DoverSwinConfig {
  std::array<std::int64_t, 3> patch = {2, 4, 4};   ///< frames, rows, columns
  std::array<std::int64_t, 3> window = {8, 7, 7};  ///< tokens; odd blocks shift by half of it
  std::int64_t embed_dim = 96;                     ///< channels of the first layer, then doubled
  std::vector<std::int64_t> depths = {2, 2, 6, 2};
  std::vector<std::int64_t> heads = {3, 6, 12, 24};
  std::vector<bool> fragment_bias = {true, true, true, false};  ///< per layer: has its own table
  double mlp_ratio = 4;
  std::int64_t head_hidden = 64;  ///< channels of the head's hidden layer
};

/// Swin-3D with a relative position bias gated by the distance of the fragments (FAST-VQA's GRPB),
/// and its head (DOVER `dover/models/swin_backbone.py`, `head.py`), frozen. A window cut short by
/// a small input takes the first rows and columns of the whole window's index table, as there.
class DoverSwin {
 public:
  /// Parameters are allocated without values: `load` them. Throws `oasis::Error` for an
  /// impossible shape.
  explicit DoverSwin(const DoverSwinConfig& config = {}, const c10::TensorOptions& options = {});
  ~DoverSwin();

  /// `technical_backbone.*` and `technical_head.*` of DOVER.pth, whose other branch is passed over.
  /// Strict; errors begin with `what`.
  void load(const checkpoint::StateDict& weights, const std::string& what);

  /// video `[N, 3, T, H, W]`, normalised; sides are padded as needed.
  DoverBranchOutput forward(const at::Tensor& video) const;

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

}  // namespace oasis::metrics
