#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "oasis/media/frame.h"
#include "oasis/media/video_info.h"

namespace oasis::media {

struct ReaderOptions {
  int threads = 0;                       ///< for decoding and conversion; 0: as many as processors
  bool allow_hdr = false;                ///< deliver PQ and HLG values as they are, do not refuse
  Rational folder_frame_rate = {25, 1};  ///< of an image folder
  bool quiet = false;                    ///< log nothing; `warnings()` has it all the same
};

/// Frames of a video file (whatever FFmpeg reads), of one image, or of a folder of images in
/// natural order (`2.png` before `10.png`).
///
/// Of several video streams the default one is read. Frames come in display order, upright, with
/// their times as stored. A frame that cannot be decoded is skipped, and `damaged()` says so: a
/// truncated file ends early, not with an error.
class VideoReader {
 public:
  /// Throws `Error` with `ExitCode::unreadable_input` when there is nothing to decode, or when the
  /// source is PQ or HLG and `allow_hdr` is not set.
  static std::unique_ptr<VideoReader> open(const std::filesystem::path& path,
                                           const ReaderOptions& options = {});
  virtual ~VideoReader() = default;

  virtual const VideoInfo& info() const = 0;

  /// Fills `frame` (reusing its memory) with the next frame; false at the end.
  virtual bool next(Frame& frame) = 0;

  /// The next frame in codes of 8 bits, rounded to nearest and clamped: `rgb` gets the planes
  /// `[3, info().height, info().width]`; of `frame` only the times are meaningful. False at the
  /// end.
  virtual bool next_bytes(Frame& frame, std::uint8_t* rgb);

  /// Passes over the next frame without converting it; only its times are filled in. False at the
  /// end.
  virtual bool skip(Frame& frame) = 0;

  /// True when something could not be decoded so far: the program exits with `partly_decoded`.
  bool damaged() const { return damaged_; }

  /// What a user should know (interlacing, dropped alpha, gaps, damage); each was logged once,
  /// unless the options said quiet.
  const std::vector<std::string>& warnings() const { return warnings_; }

 protected:
  /// Remembers a warning and logs it.
  void warn(const std::string& message);
  bool damaged_ = false;
  bool quiet_ = false;

 private:
  std::vector<std::string> warnings_;
};

}  // namespace oasis::media
