#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oasis::media {

/// An 8-bit RGB image, `[height, width, 3]` without gaps.
struct RgbImage {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> samples;
};

/// How a clip is coded. Everything that is not named here is the encoder library's default.
struct CodecRoundtripOptions {
  std::string encoder = "libx264";  ///< `libx264` (preset medium) or `mpeg4` (qmin 2, qmax 31)
  std::int64_t bit_rate = 30000;    ///< bits per second, on average; 1 or more; unused with `crf`
  int crf = -1;                     ///< constant quality of libx264, 0 to 51; -1: by `bit_rate`
  int frames_per_second = 1;        ///< 1: `bit_rate` is the bits of a frame
  int gop = 0;  ///< frames from key frame to key frame at most; 0: 250 for libx264, 12 for mpeg4
  /// swscale's plain bilinear conversion truncates on the way back and darkens coloured pictures by
  /// about 1.2 of 255; with this it rounds.
  bool unbiased = false;
};

/// A clip after encoding and decoding.
struct CodecRoundtripResult {
  std::vector<RgbImage> frames;  ///< as many as went in, in the same order, all of one size
  std::int64_t bits = 0;         ///< of all packets, without a container
};

/// Encodes a clip to Y'CbCr 4:2:0 (BT.601, limited range) and decodes it again, in memory: the
/// video compression of training degradations (RealBasicVSR, mmagic `RandomVideoCompression`).
///
/// The stream has the size of the first frame and the others are scaled to it (bilinear); an odd
/// side is made even by repeating its last row or column, which is cut off again. Encoder and
/// decoder run in this thread alone, with settings under which x264 repeats itself: equal input and
/// options give equal samples, on every call and in every process of one build and CPU type. May be
/// called from several threads at once.
///
/// Throws `Error`: `usage` for options out of range or an encoder this FFmpeg does not have,
/// `failed` for a clip without frames, a frame whose samples do not fit its size, or when FFmpeg
/// fails.
CodecRoundtripResult codec_roundtrip(const std::vector<RgbImage>& clip,
                                     const CodecRoundtripOptions& options);

/// True when this FFmpeg has the encoder of that name.
bool has_encoder(const std::string& encoder);

}  // namespace oasis::media
