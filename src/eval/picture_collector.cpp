#include "eval/picture_collector.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <utility>
#include <vector>

#include "eval/frame_tensor.h"
#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

constexpr int kMostSliceRows = 1024;
constexpr std::int64_t kPngPixels = 512 * 512;  // larger frames become JPEG
constexpr int kJpegQuality = 93;

// [3, h, w] of either form to interleaved BGR.
cv::Mat to_bgr(const at::Tensor& frame) {
  at::Tensor bytes =
      frame.scalar_type() == at::kByte ? frame : (frame * 255.0).round().to(at::kByte);
  bytes = bytes.flip(0).permute({1, 2, 0}).contiguous();
  return cv::Mat(static_cast<int>(bytes.size(0)), static_cast<int>(bytes.size(1)), CV_8UC3,
                 bytes.data_ptr())
      .clone();
}

Picture encode_picture(const cv::Mat& bgr, bool lossless) {
  Picture picture;
  picture.width = bgr.cols;
  picture.height = bgr.rows;
  picture.mime = lossless ? "image/png" : "image/jpeg";
  const std::vector<int> options = lossless
                                       ? std::vector<int>{cv::IMWRITE_PNG_COMPRESSION, 6}
                                       : std::vector<int>{cv::IMWRITE_JPEG_QUALITY, kJpegQuality};
  cv::imencode(lossless ? ".png" : ".jpg", bgr, picture.bytes, options);
  return picture;
}

Picture encode_frame(const at::Tensor& frame) {
  return encode_picture(to_bgr(frame), frame.size(1) * frame.size(2) <= kPngPixels);
}

// The frames of these indices (of the range) of the low-quality clip.
std::map<std::int64_t, at::Tensor> input_frames(const std::filesystem::path& input,
                                                StreamOptions options,
                                                const std::vector<std::int64_t>& wanted) {
  std::map<std::int64_t, at::Tensor> found;
  for (const std::int64_t index : wanted) {
    auto one = options;
    one.frames.first_frame = options.frames.first_frame + index;
    one.frames.end_frame = one.frames.first_frame + 1;
    FrameStream stream(input, one);
    if (auto frame = stream.next()) found.emplace(index, *frame);
  }
  return found;
}

}  // namespace

void TimeSlice::add(std::int64_t index, const at::Tensor& frame) {
  if (index % step_ != 0) return;
  rows_.push_back(to_bgr(frame.narrow(1, frame.size(1) / 2, 1)));
  if (rows_.rows <= kMostSliceRows) return;
  cv::Mat kept;
  for (int row = 0; row < rows_.rows; row += 2) kept.push_back(rows_.row(row));
  rows_ = kept;
  step_ *= 2;
}

Picture TimeSlice::encode() const {
  return rows_.empty() ? Picture() : encode_picture(rows_, true);
}

void PictureCollector::add(const FramePair& pair) {
  if (pair.index == middle_) middle_pair_ = pair;
  output_slice_.add(pair.index, pair.output);
  if (pair.reference.defined()) reference_slice_.add(pair.index, pair.reference);
}

void PictureCollector::offer(const FramePair& pair, double psnr) {
  // Frames come in any order: of equal ones the earliest counts.
  if (worst_ && (psnr > worst_psnr_ || (psnr == worst_psnr_ && pair.index > worst_->index))) return;
  worst_ = pair;
  worst_psnr_ = psnr;
}

void PictureCollector::finish(ClipResult& result, const std::filesystem::path& input,
                              const StreamOptions& options) const {
  std::vector<std::pair<FramePair, std::string>> chosen;
  if (worst_) chosen.emplace_back(*worst_, "lowest PSNR");
  if (middle_pair_ && (!worst_ || worst_->index != middle_pair_->index)) {
    chosen.emplace_back(*middle_pair_, "middle");
  }
  std::map<std::int64_t, at::Tensor> low;
  if (!input.empty()) {
    std::vector<std::int64_t> wanted;
    for (const auto& [pair, why] : chosen) wanted.push_back(pair.index);
    try {
      low = input_frames(input, options, wanted);
    } catch (const Error& error) {
      if (error.code() == ExitCode::interrupted || error.code() == ExitCode::terminated) throw;
      result.notes.push_back(fmt::format("no bicubic pictures: {}", error.what()));
    }
  }
  for (const auto& [pair, why] : chosen) {
    FramePictures pictures;
    pictures.frame = pair.index;
    pictures.why = why;
    pictures.output = encode_frame(pair.output);
    if (pair.reference.defined()) pictures.reference = encode_frame(pair.reference);
    if (const auto found = low.find(pair.index); found != low.end()) {
      pictures.bicubic =
          encode_frame(resize_frame(found->second, pair.output.size(1), pair.output.size(2)));
    }
    result.pictures.frames.push_back(std::move(pictures));
  }
  result.pictures.slice_output = output_slice_.encode();
  result.pictures.slice_reference = reference_slice_.encode();
}

}  // namespace oasis::eval
