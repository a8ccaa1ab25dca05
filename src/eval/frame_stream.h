#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "eval/frame_tensor.h"
#include "oasis/infer/bounded_queue.h"
#include "oasis/infer/frame_range.h"
#include "oasis/media/video_reader.h"

namespace oasis::eval {

/// How a clip is read.
struct StreamOptions {
  infer::FrameRange frames;  ///< counted from 0
  int threads = 1;           ///< for decoding and conversion
  bool take_bt601 = false;   ///< for files without a matrix
};

/// The frames of a clip as tensors, decoded a few frames ahead by a thread of its own.
class FrameStream {
 public:
  /// Throws `oasis::Error` (unreadable_input) as `media::VideoReader::open` does.
  FrameStream(const std::filesystem::path& path, const StreamOptions& options);
  ~FrameStream();
  FrameStream(const FrameStream&) = delete;
  FrameStream& operator=(const FrameStream&) = delete;

  const media::VideoInfo& info() const { return reader_->info(); }

  /// Frames there will be, by the headers; 0: not known.
  std::int64_t expected() const;

  /// The next frame `[3, H, W]` as in `frame_tensor`; nothing at the end. Rethrows what the reader
  /// threw.
  std::optional<at::Tensor> next();

  /// Decodes to the end without converting: how many more frames there are.
  std::int64_t count_rest();

  /// Something could not be decoded; meaningful at the end.
  bool damaged() const { return damaged_; }

 private:
  void read();
  bool next(media::Frame& frame, at::Tensor& tensor);

  std::unique_ptr<media::VideoReader> reader_;
  StreamOptions options_;
  FrameForm form_;
  infer::BoundedQueue<at::Tensor> queue_{3};
  std::atomic<bool> counting_ = false;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> damaged_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

/// Exactly how many frames of a clip lie in the range, by decoding them. Throws `oasis::Error`
/// (unreadable_input) for a damaged one.
std::int64_t count_frames(const std::filesystem::path& path, const StreamOptions& options);

}  // namespace oasis::eval
