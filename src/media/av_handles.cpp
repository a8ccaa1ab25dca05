#include "av_handles.h"

#include <fmt/format.h>

#include <mutex>
#include <new>

#include "oasis/core/error.h"
#include "oasis/core/log.h"

namespace oasis::media {
namespace {

void on_av_message(void* object, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_WARNING) return;
  char line[512];
  int print_prefix = 1;
  av_log_format_line2(object, level, format, arguments, line, sizeof line, &print_prefix);
  std::string text(line);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (!text.empty()) log::debug("FFmpeg: {}", text);
}

}  // namespace

FrameHandle new_frame() {
  FrameHandle frame(av_frame_alloc());
  if (!frame) throw std::bad_alloc();
  return frame;
}

PacketHandle new_packet() {
  PacketHandle packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  return packet;
}

std::string av_message(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

void route_av_log() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(on_av_message); });
}

InputHandle open_input(const std::string& path) {
  route_av_log();
  AVFormatContext* context = nullptr;
  int error = avformat_open_input(&context, path.c_str(), nullptr, nullptr);
  if (error < 0) {
    throw Error(
        ExitCode::unreadable_input,
        fmt::format("cannot read {}: {}; is it a complete video file?", path, av_message(error)));
  }
  InputHandle input(context);
  error = avformat_find_stream_info(context, nullptr);
  if (error < 0) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("cannot find streams in {}: {}", path, av_message(error)));
  }
  return input;
}

int default_video_stream(const AVFormatContext& input) {
  int first = -1;
  for (unsigned i = 0; i < input.nb_streams; ++i) {
    const AVStream& stream = *input.streams[i];
    if (stream.codecpar->codec_type != AVMEDIA_TYPE_VIDEO) continue;
    if (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) continue;
    if (stream.disposition & AV_DISPOSITION_DEFAULT) return static_cast<int>(i);
    if (first < 0) first = static_cast<int>(i);
  }
  return first;
}

}  // namespace oasis::media
