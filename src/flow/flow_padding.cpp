#include "oasis/flow/flow_padding.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include "oasis/core/error.h"

namespace oasis::flow {

PadMode pad_mode_from(const std::string& name) {
  if (name == "none") return PadMode::none;
  if (name == "sintel") return PadMode::sintel;
  if (name == "kitti") return PadMode::kitti;
  throw Error(ExitCode::usage,
              fmt::format("unknown padding '{}'; choose none, sintel or kitti", name));
}

FlowPadding plan_padding(std::int64_t rows, std::int64_t cols, PadMode mode) {
  if (mode == PadMode::none) return {};
  const std::int64_t more_rows = (8 - rows % 8) % 8;
  const std::int64_t more_cols = (8 - cols % 8) % 8;
  const std::int64_t top = mode == PadMode::sintel ? more_rows / 2 : 0;
  return {more_cols / 2, more_cols - more_cols / 2, top, more_rows - top};
}

at::Tensor pad_edges(const at::Tensor& picture, const FlowPadding& padding) {
  if (padding.left + padding.right + padding.top + padding.bottom == 0) return picture;
  return at::replication_pad2d(picture, {padding.left, padding.right, padding.top, padding.bottom});
}

at::Tensor crop_padding(const at::Tensor& padded, const FlowPadding& padding) {
  const std::int64_t rows = padded.size(-2) - padding.top - padding.bottom;
  const std::int64_t cols = padded.size(-1) - padding.left - padding.right;
  return padded.narrow(-2, padding.top, rows).narrow(-1, padding.left, cols);
}

}  // namespace oasis::flow
