#pragma once

#include <cstdint>
#include <string>

#include "oasis/media/rational.h"

namespace oasis::media {

/// How samples are stored, apart from their depth.
enum class PixelLayout { rgb, gray, yuv420, yuv422, yuv444 };

/// Colour description. The three numbers are the code points of ITU-T H.273 (the same as in H.264,
/// HEVC, MP4 and Matroska); 2 means unspecified.
struct ColorInfo {
  int matrix = 1;     ///< 0 RGB, 1 BT.709, 5 and 6 BT.601, 9 BT.2020; never 2: guessed when unset
  int primaries = 2;  ///< 1 BT.709, 5 and 6 BT.601, 9 BT.2020
  int transfer = 2;   ///< 1 BT.709, 13 sRGB, 16 PQ, 18 HLG
  bool full_range = false;
  bool guessed = false;  ///< matrix or range was not in the file and was guessed from the size

  friend bool operator==(const ColorInfo&, const ColorInfo&) = default;
};

/// What is known of a source when it is opened.
struct VideoInfo {
  int width = 0;   ///< as the caller sees frames: upright, after rotation
  int height = 0;  ///< as the caller sees frames
  int bit_depth = 8;
  PixelLayout layout = PixelLayout::yuv420;
  int chroma_location = 0;  ///< as stored: 0 unspecified, 1 left, 2 centre, 3 top left, 4 top
  ColorInfo color;
  Rational time_base{1, 25};     ///< unit of `Frame::pts`
  Rational frame_rate{25, 1};    ///< average
  Rational sample_aspect{1, 1};  ///< upright: swapped when the picture was turned by 90 degrees
  std::int64_t frame_count = 0;  ///< an estimate from headers; 0 when unknown
  std::int64_t start_pts = 0;    ///< time of the first frame
  double duration_seconds = 0;   ///< an estimate from headers; 0 when unknown
  int rotation = 0;              ///< clockwise turn already applied: 0, 90, 180, 270
  bool has_alpha = false;        ///< alpha was in the source and is dropped
  bool interlaced = false;
  bool variable_frame_rate = false;  ///< from headers
  bool image_folder = false;
  int stream_index = 0;      ///< of the decoded stream in the source file
  std::string codec_name;    ///< of the source, as FFmpeg names it
  std::string pixel_format;  ///< of the source, as FFmpeg names it
};

}  // namespace oasis::media
