#include "oasis/flow/dis_flow.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <cstring>
#include <opencv2/video/tracking.hpp>
#include <vector>

#include "oasis/core/error.h"

namespace oasis::flow {
namespace {

constexpr std::int64_t kLeastSide = 12;  // OpenCV's medium preset fails below

// BT.601 luma of frames [T, 3, H, W] in [-1, 1] as 8-bit pictures.
std::vector<cv::Mat> luma_frames(const at::Tensor& clip) {
  const at::Tensor rgb = clip.detach().cpu().to(at::kFloat);
  const at::Tensor luma =
      0.299 * rgb.select(1, 0) + 0.587 * rgb.select(1, 1) + 0.114 * rgb.select(1, 2);
  const at::Tensor bytes = ((luma + 1.0) * 127.5).round().clamp(0, 255).to(at::kByte).contiguous();
  std::vector<cv::Mat> frames;
  for (std::int64_t t = 0; t < bytes.size(0); ++t) {
    const cv::Mat view(static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(2)), CV_8UC1,
                       bytes[t].data_ptr());
    frames.push_back(view.clone());
  }
  return frames;
}

// Stores an [H, W] field of (dx, dy) as [2, H, W].
void store(const cv::Mat& field, at::Tensor target) {
  const at::Tensor interleaved =
      at::from_blob(field.data, {field.rows, field.cols, 2}, at::TensorOptions().dtype(at::kFloat));
  target.copy_(interleaved.permute({2, 0, 1}));
}

}  // namespace

ClipFlows DisFlow::estimate(const at::Tensor& clip) {
  const std::int64_t rows = clip.size(2);
  const std::int64_t cols = clip.size(3);
  if (rows < kLeastSide || cols < kLeastSide) {
    throw Error(ExitCode::usage, fmt::format("DIS flow needs frames of at least {0}x{0} pixels; "
                                             "these have {1}x{2}",
                                             kLeastSide, cols, rows));
  }
  const std::vector<cv::Mat> frames = luma_frames(clip);
  const std::int64_t pairs = clip.size(0) - 1;
  ClipFlows flows{at::empty({pairs, 2, rows, cols}, at::TensorOptions().dtype(at::kFloat)), {}};
  flows.backward = at::empty_like(flows.forward);
  const auto dis = cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_MEDIUM);
  for (std::int64_t t = 0; t < pairs; ++t) {
    const auto here = static_cast<std::size_t>(t);
    cv::Mat field;
    dis->calc(frames[here], frames[here + 1], field);
    store(field, flows.forward[t]);
    dis->calc(frames[here + 1], frames[here], field);
    store(field, flows.backward[t]);
  }
  return {flows.forward.to(clip.device()), flows.backward.to(clip.device())};
}

}  // namespace oasis::flow
