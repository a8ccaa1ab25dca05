#pragma once

#include <string>

#include "av_handles.h"
#include "oasis/media/video_info.h"

namespace oasis::media {

/// An encoder and what it is given.
struct CodecChoice {
  std::string name;  ///< as in `WriterOptions::codec`
  const AVCodec* encoder = nullptr;
  AVPixelFormat pixel_format = AV_PIX_FMT_NONE;
  int crf = -1;     ///< -1: the codec has none
  ColorInfo color;  ///< of the output, matrix 0 for RGB formats
  int chroma_location = 0;
};

/// The muxer for a file name: by extension, whatever is appended to it while writing. Throws
/// `Error`
/// (`usage`) for anything but MP4, MKV, MOV and WebM.
const AVOutputFormat* container_for(const std::string& path);

/// Resolves a codec name ("" for the container's default) and quality for a source. Throws `Error`
/// (`usage`) for an unknown codec or one the container cannot hold.
CodecChoice choose_codec(const std::string& name, int crf, const VideoInfo& input, int width,
                         int height, const AVOutputFormat& container);

}  // namespace oasis::media
