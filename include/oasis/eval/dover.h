#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "oasis/checkpoint/state_dict.h"
#include "oasis/metrics/dover_convnext.h"
#include "oasis/metrics/dover_swin.h"
#include "oasis/metrics/dover_views.h"

namespace oasis::eval {

/// Where DOVER looks in a video: the frames of both branches and the places of the technical one's
/// patches.
struct DoverPlan {
  std::vector<std::int64_t> technical;  ///< 96 frames, three clips of 32
  std::vector<std::int64_t> aesthetic;  ///< 32 frames
  metrics::FragmentOffsets patches;     ///< [7, 7, 3]
};

/// The middle of the patches' cells, no random start: the same for every call.
DoverPlan centre_plan(std::int64_t frames, std::int64_t height, std::int64_t width);

/// `repeats` plans whose starts and places are drawn from `seed`, each plan's in the order
/// technical starts, aesthetic starts, rows, columns.
std::vector<DoverPlan> drawn_plans(std::int64_t frames, std::int64_t height, std::int64_t width,
                                   std::int64_t seed, std::int64_t repeats);

/// A video's two views, filled frame by frame as they are decoded, so that the video itself need
/// not be held.
class DoverViews {
 public:
  /// `antialias`: of the aesthetic view, see `metrics::dover_resize`.
  DoverViews(DoverPlan plan, bool antialias);

  /// The frame `[3, H, W]` uint8 of this index, if the plan has a use for it.
  void add(std::int64_t index, const at::Tensor& frame);

  /// Normalised `[3, 3, 32, 224, 224]`, a clip a row.
  at::Tensor technical() const;
  /// Normalised `[1, 3, 32, 224, 224]`.
  at::Tensor aesthetic() const;

 private:
  DoverPlan plan_;
  bool antialias_;
  at::Tensor fragments_;  // [3, 96, 224, 224] uint8
  at::Tensor resized_;    // [3, 32, 224, 224] uint8
};

/// Raw outputs of both branches, unbounded; `metrics::fuse_dover` makes scores of them.
struct DoverRaw {
  double technical = 0;
  double aesthetic = 0;
};

/// DOVER (Wu et al., ICCV 2023; VQAssessment/DOVER) with its published shape.
class Dover {
 public:
  explicit Dover(const c10::TensorOptions& options = {});

  /// The tensors of DOVER.pth. Strict; errors begin with `what`.
  void load(const checkpoint::StateDict& weights, const std::string& what);

  DoverRaw score(const DoverViews& views) const;

 private:
  c10::TensorOptions options_;
  metrics::DoverSwin technical_;
  metrics::DoverConvNext aesthetic_;
};

}  // namespace oasis::eval
