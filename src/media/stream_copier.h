#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "av_handles.h"
#include "oasis/media/video_writer.h"

namespace oasis::media {

/// Copies the streams of a source that are not upscaled, its chapters and its tags, packet by
/// packet and without touching their contents.
class StreamCopier {
 public:
  /// `video_stream`: the stream that is replaced by the upscaled one. `range` is in the time base
  /// of that stream.
  StreamCopier(const std::string& source, int video_stream, const std::optional<PtsRange>& range);

  /// Adds streams for everything the container takes to `output`, and the upscaled video's stream
  /// in its place among them, which is returned. One line that names what is lost is put into
  /// `losses`, which is empty when nothing is.
  AVStream* add_streams(AVFormatContext& output, std::string& losses);

  /// Reads on and writes packets to `output` until one is due after `seconds`.
  void copy_until(AVFormatContext& output, double seconds);
  void copy_rest(AVFormatContext& output);

  /// A line that names what a folder of images cannot hold; empty when there is nothing.
  std::string losses_without_container() const;

 private:
  struct Route {
    AVStream* target = nullptr;  ///< null: not copied
    std::int64_t last_dts = AV_NOPTS_VALUE;
    int lead_in = 0;  ///< samples at 48 kHz that the container's times count from
  };

  void copy_stream_description(const AVStream& source, AVStream& target,
                               const AVFormatContext& output);
  void keep_negative_starts(AVFormatContext& output);
  void add_chapters(AVFormatContext& output) const;
  /// Reads the next packet to copy into `packet_`, its times in the target's time base and shifted;
  /// false at the end.
  bool read_packet();
  bool place_in_range(const AVStream& source, AVPacket& packet) const;

  std::string path_;
  InputHandle input_;
  int video_stream_;
  std::optional<PtsRange> range_;
  std::vector<Route> routes_;
  PacketHandle packet_;
  bool has_packet_ = false;
  bool ended_ = false;
};

}  // namespace oasis::media
