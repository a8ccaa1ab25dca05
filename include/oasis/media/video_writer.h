#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "oasis/media/frame.h"
#include "oasis/media/video_info.h"

namespace oasis::media {

/// Half-open span of times in the reader's time base.
struct PtsRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

struct WriterOptions {
  /// `h264`, `hevc`, `hevc10`, `vp9`, `ffv1` or `png`. Empty: by container and depth (`vp9` for
  /// WebM, `png` for a folder, `hevc10` for a source of more than 8 bits, else `h264`).
  std::string codec;
  int crf =
      -1;  ///< constant quality of h264, hevc, vp9: smaller is better; -1: a default per codec
  bool overwrite = false;
  /// For conversion; 0: as many as processors. Encoders run with a fixed number of threads, on
  /// which their result depends.
  int threads = 0;
  /// The source whose other streams (sound, subtitles, further video), chapters and tags are
  /// copied; empty, or not a media file: pictures only.
  std::filesystem::path source;
  /// Only this part of the source is written: times are shifted so that `begin` becomes 0, and
  /// copied streams and chapters are cut to it.
  std::optional<PtsRange> range;
  /// A folder to keep finished work in, so that a later writer with the same options and input can
  /// go on from it, even if this process is killed; empty: none. Left to the caller to remove. A
  /// video is then coded in parts of `part_frames` frames, each with an encoder of its own (so each
  /// starts with a key frame), and put together by `finish()` without coding again. Images stay in
  /// `PATH.part`.
  std::filesystem::path parts;
  int part_frames = 64;
};

/// Writes a video by file name (`.mp4`, `.mkv`, `.mov`, `.webm`), or PNG images into a folder (a
/// name without extension, or an existing folder), or one image (`.png`).
///
/// Everything goes to `PATH.part` and gets its name in `finish()`, so a file under the final name
/// is always complete; equal frames and options give equal bytes. The depth, matrix, range, sample
/// aspect and times of the input are kept.
class VideoWriter {
 public:
  /// `input` is the reader's `info()`: times of frames are in its time base; frames have the size
  /// `out_width` x `out_height`. Throws `Error`: `usage` for an unknown container or codec, a path
  /// that exists without `overwrite`, or a path that is the source itself; `failed` when it cannot
  /// be written.
  static std::unique_ptr<VideoWriter> create(const std::filesystem::path& path,
                                             const WriterOptions& options, const VideoInfo& input,
                                             int out_width, int out_height);
  /// Removes the `.part` unless `finish()` has returned (images that `WriterOptions::parts` tells
  /// to keep stay).
  virtual ~VideoWriter() = default;

  /// Leading frames that an earlier writer left complete in `WriterOptions::parts`: the first frame
  /// to write is the one after them.
  virtual std::int64_t frames_kept() const { return 0; }

  /// Appends a frame. Times must grow from frame to frame; throws `Error` (`failed`) otherwise.
  virtual void write(const Frame& frame) = 0;

  /// Flushes encoder and copied streams, closes, syncs to disk and renames. Once, after the last
  /// frame.
  virtual void finish() = 0;

  /// The codec in use, as `WriterOptions::codec` names it.
  virtual const std::string& codec() const = 0;

  /// What was lost (streams that the container cannot hold); each was logged once.
  const std::vector<std::string>& warnings() const { return warnings_; }

 protected:
  void warn(const std::string& message);

 private:
  std::vector<std::string> warnings_;
};

}  // namespace oasis::media
