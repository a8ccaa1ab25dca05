#pragma once

#include <memory>
#include <string>

#include "av_handles.h"
#include "frame_import.h"
#include "oasis/media/video_reader.h"
#include "orientation.h"

namespace oasis::media {

/// The default video stream of a file, decoded by FFmpeg.
class StreamReader final : public VideoReader {
 public:
  StreamReader(const std::string& path, const ReaderOptions& options);

  const VideoInfo& info() const override { return info_; }
  bool next(Frame& frame) override;
  bool next_bytes(Frame& frame, std::uint8_t* rgb) override;
  bool skip(Frame& frame) override;

 private:
  void open_decoder(int threads);
  void describe(const AVFrame& first);
  void warn_of_first(const AVFrame& first, const PictureKind& kind);
  void read_orientation();
  /// The next decoded picture into `picture_`; false at the end of the stream.
  bool decode();
  bool feed_decoder();
  /// As `decode`, minding the one that is there already; fills in the frame's times.
  bool take_picture(Frame& frame);
  PictureKind kind_of_picture() const;
  void import(Frame& frame);
  void note_damage(const std::string& what);
  void check_for_missing_end();
  void take_times(Frame& frame);
  void match_size(Frame& frame);

  std::string path_;
  ReaderOptions options_;
  InputHandle input_;
  AVStream* stream_ = nullptr;
  CodecHandle decoder_;
  PacketHandle packet_;
  FrameHandle picture_;
  FrameImporter importer_;
  Orientation orientation_;
  Frame scratch_;
  VideoInfo info_;
  bool has_picture_ = false;  ///< `picture_` is decoded and not handed out yet
  bool flushing_ = false;
  bool ended_ = false;
  bool size_warned_ = false;
  int read_errors_ = 0;
  std::int64_t packets_ = 0;
  std::int64_t pictures_ = 0;
  std::int64_t last_pts_ = 0;
  std::int64_t last_duration_ = 0;
};

}  // namespace oasis::media
