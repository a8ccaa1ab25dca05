#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace oasis::flow {

/// Where RAFT's padder puts what is missing to multiples of 8 (`core/utils/utils.py`).
enum class PadMode {
  none,    ///< the sides must be multiples of 8
  sintel,  ///< half on each side, the odd pixel right and below
  kitti,   ///< columns as sintel, rows below only
};

/// "none", "sintel" or "kitti"; anything else throws `oasis::Error`.
PadMode pad_mode_from(const std::string& name);

/// Pixels repeated at each side.
struct FlowPadding {
  std::int64_t left = 0;
  std::int64_t right = 0;
  std::int64_t top = 0;
  std::int64_t bottom = 0;
};

/// The padding of a picture of this size.
FlowPadding plan_padding(std::int64_t rows, std::int64_t cols, PadMode mode);

/// Repeats the edge pixels of `[N, C, H, W]`.
at::Tensor pad_edges(const at::Tensor& picture, const FlowPadding& padding);

/// The inverse of `pad_edges`, for pictures and flows.
at::Tensor crop_padding(const at::Tensor& padded, const FlowPadding& padding);

}  // namespace oasis::flow
