#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "av_handles.h"
#include "codec_choice.h"
#include "frame_export.h"
#include "oasis/media/video_writer.h"
#include "packet_store.h"
#include "part_path.h"
#include "stream_copier.h"

namespace oasis::media {

/// Encodes frames into a container file and interleaves the source's other streams.
class FileWriter final : public VideoWriter {
 public:
  FileWriter(const std::filesystem::path& path, const WriterOptions& options,
             const VideoInfo& input, int width, int height);

  void write(const Frame& frame) override;
  void finish() override;
  std::int64_t frames_kept() const override { return kept_; }
  const std::string& codec() const override { return choice_.name; }

 private:
  void open_encoder();
  void open_output();
  /// Hands a picture (null at the end) to the encoder and writes what comes out.
  void encode(const AVFrame* picture);
  void take_packet();
  void end_part();
  void mend_dts(AVPacket& packet);
  void mux(AVPacket& packet);

  std::string name_;  ///< of the output, for messages
  VideoInfo input_;
  int width_, height_;
  std::int64_t shift_ = 0;  ///< subtracted from times
  PartPath part_;
  const AVOutputFormat* container_;
  CodecChoice choice_;
  std::unique_ptr<StreamCopier> copier_;
  FrameExporter exporter_;
  CodecHandle encoder_;                 ///< null between two parts
  AVRational time_base_{1, 1};          ///< of the encoder
  std::unique_ptr<PacketStore> store_;  ///< null: packets go to the output at once
  int part_frames_;
  std::int64_t kept_ = 0;
  int frames_in_part_ = 0;
  PacketHandle packet_;
  OutputHandle output_;  ///< closed before `part_` renames or removes the file
  AVStream* stream_ = nullptr;
  std::map<std::int64_t, std::int64_t> durations_;  ///< by time, of frames inside the encoder
  bool started_ = false;
  std::set<std::int64_t> reordered_;      ///< times of display, of the last two HEVC packets
  std::optional<std::int64_t> last_dts_;  ///< of the encoder's packets, in its time base
  std::int64_t last_pts_ = 0;
};

}  // namespace oasis::media
