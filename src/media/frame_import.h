#pragma once

#include <cstdint>
#include <vector>

#include "av_handles.h"
#include "oasis/media/frame.h"
#include "oasis/media/video_info.h"

namespace oasis::media {

/// Layout, depth and colour of decoded pictures. What the stream leaves open is guessed: the matrix
/// from the size (BT.709 from 720 rows or 1280 columns on, else BT.601), the range as limited for
/// Y'CbCr and full for still-picture codecs.
struct PictureKind {
  PixelLayout layout = PixelLayout::yuv420;
  int bit_depth = 8;
  int chroma_location = 0;
  bool has_alpha = false;
  bool matrix_guessed = false;
  bool range_guessed = false;
  ColorInfo color;
};
PictureKind picture_kind(const AVFrame& picture, const AVCodecParameters& parameters);

/// Turns decoded pictures of any pixel format into float RGB, without a step of fewer bits.
class FrameImporter {
 public:
  explicit FrameImporter(int threads) : threads_(threads) {}

  /// Times are not touched. Throws `Error` (`unreadable_input`) for formats that cannot be
  /// converted.
  void import(const AVFrame& picture, const PictureKind& kind, Frame& frame);

  /// In codes of 8 bits, `[3, height, width]`, as `to_rgb_bytes` rounds them. False, and nothing
  /// done, for pictures that need the way through `import`.
  bool import_bytes(const AVFrame& picture, const PictureKind& kind, std::uint8_t* rgb) const;

 private:
  const AVFrame& in_plain_format(const AVFrame& picture);
  void unpack_palette(const AVFrame& picture);

  int threads_;
  std::vector<std::uint8_t> samples_[3];
  FrameHandle converted_;
  ScalerHandle scaler_;
};

}  // namespace oasis::media
