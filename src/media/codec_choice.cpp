#include "codec_choice.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "oasis/core/error.h"

namespace oasis::media {
namespace {

struct KnownCodec {
  const char* name;
  const char* encoder;
  int default_crf;
  int largest_crf;
};

constexpr KnownCodec kCodecs[] = {
    {"h264", "libx264", 16, 51},   {"hevc", "libx265", 18, 51}, {"hevc10", "libx265", 18, 51},
    {"vp9", "libvpx-vp9", 24, 63}, {"ffv1", "ffv1", -1, -1},    {"png", "png", -1, -1},
};

const KnownCodec& known_codec(const std::string& name) {
  for (const KnownCodec& codec : kCodecs) {
    if (name == codec.name) return codec;
  }
  throw Error(ExitCode::usage,
              fmt::format("unknown codec '{}'; choose h264, hevc, hevc10, vp9, ffv1 "
                          "or png",
                          name));
}

/// The format of FFmpeg's `<family><bits>` naming: yuv420p, yuv420p10, gray12, ...
AVPixelFormat numbered_format(const std::string& family, int bits) {
  const std::string name = bits == 8 ? family : fmt::format("{}{}le", family, bits);
  return av_get_pix_fmt(name.c_str());
}

/// Lossless: the source's layout and depth, rounded up to what FFV1 knows.
AVPixelFormat ffv1_format(const VideoInfo& input) {
  const int bits = input.bit_depth <= 8    ? 8
                   : input.bit_depth <= 10 ? 10
                   : input.bit_depth <= 12 ? 12
                                           : 16;
  switch (input.layout) {
    case PixelLayout::rgb:
      return bits == 8 ? AV_PIX_FMT_BGR0 : numbered_format("gbrp", bits);
    case PixelLayout::gray:
      return numbered_format("gray", bits);
    case PixelLayout::yuv420:
      return numbered_format("yuv420p", bits);
    case PixelLayout::yuv422:
      return numbered_format("yuv422p", bits);
    case PixelLayout::yuv444:
      return numbered_format("yuv444p", bits);
  }
  return AV_PIX_FMT_NONE;
}

AVPixelFormat format_for(const std::string& codec, const VideoInfo& input, int width, int height) {
  if (codec == "png") return input.bit_depth > 8 ? AV_PIX_FMT_RGB48BE : AV_PIX_FMT_RGB24;
  if (codec == "ffv1") return ffv1_format(input);
  // H.264 and HEVC cannot state an odd size with halved chroma.
  const bool odd = codec != "vp9" && (width % 2 != 0 || height % 2 != 0);
  const bool deep = codec == "hevc10" || (codec == "vp9" && input.bit_depth > 8);
  return numbered_format(odd ? "yuv444p" : "yuv420p", deep ? 10 : 8);
}

/// Tags of the output: those of the source; an RGB source coded as Y'CbCr becomes BT.709, limited.
ColorInfo output_color(const VideoInfo& input, bool rgb) {
  ColorInfo color = input.color;
  const bool from_rgb = input.color.matrix == 0;
  if (rgb) {
    color.matrix = 0;
    color.full_range = true;
  } else if (from_rgb) {
    color.matrix = 1;
    color.full_range = false;
  }
  if (from_rgb || rgb) {
    if (color.primaries == 2) color.primaries = 1;
    if (color.transfer == 2) color.transfer = 13;
  }
  return color;
}

}  // namespace

const AVOutputFormat* container_for(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const char* name = extension == ".mp4" || extension == ".m4v" ? "mp4"
                     : extension == ".mkv"                      ? "matroska"
                     : extension == ".mov"                      ? "mov"
                     : extension == ".webm"                     ? "webm"
                                                                : nullptr;
  if (name == nullptr) {
    throw Error(ExitCode::usage,
                fmt::format("{}: the output's name must end in .mp4, .mkv, .mov or "
                            ".webm, or be a folder for PNG images",
                            path));
  }
  return av_guess_format(name, nullptr, nullptr);
}

CodecChoice choose_codec(const std::string& name, int crf, const VideoInfo& input, int width,
                         int height, const AVOutputFormat& container) {
  CodecChoice choice;
  choice.name = !name.empty()                           ? name
                : std::string(container.name) == "webm" ? "vp9"
                : input.bit_depth > 8                   ? "hevc10"
                                                        : "h264";
  const KnownCodec& known = known_codec(choice.name);
  choice.encoder = avcodec_find_encoder_by_name(known.encoder);
  if (choice.encoder == nullptr) {
    throw Error(ExitCode::usage,
                fmt::format("codec {} is not available: this FFmpeg was built without {}",
                            choice.name, known.encoder));
  }
  // Matroska holds PNG by its compatibility mode, which the query does not count.
  const bool by_compatibility = choice.name == "png" && std::string(container.name) == "matroska";
  // FFmpeg's MP4 muxer names FFV1 but cannot write it.
  const bool unwritable = choice.name == "ffv1" && std::string(container.name) != "matroska";
  if (unwritable || (!by_compatibility && avformat_query_codec(&container, choice.encoder->id,
                                                               FF_COMPLIANCE_NORMAL) != 1)) {
    throw Error(ExitCode::usage, fmt::format("codec {} does not fit into {}; use .mkv", choice.name,
                                             container.long_name));
  }
  if (crf > known.largest_crf && known.largest_crf >= 0) {
    throw Error(ExitCode::usage, fmt::format("crf {} is too large for {}: 0 to {}", crf,
                                             choice.name, known.largest_crf));
  }
  choice.crf = known.largest_crf < 0 ? -1 : crf >= 0 ? crf : known.default_crf;
  choice.pixel_format = format_for(choice.name, input, width, height);
  const bool rgb =
      choice.name == "png" || (choice.name == "ffv1" && input.layout == PixelLayout::rgb);
  choice.color = output_color(input, rgb);
  const bool keeps_layout = choice.name == "ffv1" && input.chroma_location != 0;
  choice.chroma_location = keeps_layout ? input.chroma_location : AVCHROMA_LOC_LEFT;
  return choice;
}

}  // namespace oasis::media
