#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

#include "oasis/media/rational.h"

namespace oasis::media {

struct FreeInput {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
struct FreeOutput {
  void operator()(AVFormatContext* context) const {
    if (context->pb != nullptr) avio_closep(&context->pb);
    avformat_free_context(context);
  }
};
struct FreeCodec {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FreeScaler {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};

using InputHandle = std::unique_ptr<AVFormatContext, FreeInput>;
using OutputHandle = std::unique_ptr<AVFormatContext, FreeOutput>;
using CodecHandle = std::unique_ptr<AVCodecContext, FreeCodec>;
using FrameHandle = std::unique_ptr<AVFrame, FreeFrame>;
using PacketHandle = std::unique_ptr<AVPacket, FreePacket>;
using ScalerHandle = std::unique_ptr<SwsContext, FreeScaler>;

FrameHandle new_frame();
PacketHandle new_packet();

/// What FFmpeg says of an error code.
std::string av_message(int error);

/// Sends FFmpeg's own messages to `log::debug` instead of standard error. Once per process.
void route_av_log();

/// Opens a media file and reads its headers; throws `Error` (`unreadable_input`).
InputHandle open_input(const std::string& path);

/// The video stream that is upscaled: the first that is marked as default, else the first; cover
/// pictures do not count. -1: none.
int default_video_stream(const AVFormatContext& input);

inline Rational from_av(AVRational value) { return {value.num, value.den == 0 ? 1 : value.den}; }
inline AVRational to_av(const Rational& value) {
  return {static_cast<int>(value.num), static_cast<int>(value.den)};
}

}  // namespace oasis::media
