#pragma once

#include <opencv2/core/mat.hpp>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>

#include "eval/frame_stream.h"
#include "eval/meter.h"

namespace oasis::eval {

/// One row of the picture over time, at most 1024 rows high: of longer clips every second, fourth,
/// ... frame.
class TimeSlice {
 public:
  void add(std::int64_t index, const at::Tensor& frame);
  Picture encode() const;

 private:
  cv::Mat rows_;           // BGR, a row a frame
  std::int64_t step_ = 1;  // frames from row to row
};

/// The pictures of a clip's report, gathered while its frames pass by; holds two frames at a time.
class PictureCollector {
 public:
  /// `expected`: frames that there will be, 0 if not known (there is no middle then).
  explicit PictureCollector(std::int64_t expected) : middle_(expected > 0 ? expected / 2 : -1) {}

  /// Every frame, in order.
  void add(const FramePair& pair);
  /// A frame's PSNR; in any order, by one thread at a time.
  void offer(const FramePair& pair, double psnr);
  /// Encodes what was gathered; `input`: the low-quality clip, may be empty.
  void finish(ClipResult& result, const std::filesystem::path& input,
              const StreamOptions& options) const;

 private:
  std::int64_t middle_;
  std::optional<FramePair> middle_pair_;
  std::optional<FramePair> worst_;
  double worst_psnr_ = std::numeric_limits<double>::infinity();
  TimeSlice output_slice_;
  TimeSlice reference_slice_;
};

}  // namespace oasis::eval
