#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "oasis/media/frame.h"
#include "oasis/media/video_info.h"

namespace oasis::media {

/// A plane of samples in memory: 8 bits per sample in `uint8_t`, more in native `uint16_t`.
struct Plane {
  std::uint8_t* data = nullptr;
  std::ptrdiff_t stride = 0;  ///< bytes from row to row
};

/// A planar picture: R, G, B or Y, Cb, Cr (or Y alone), its subsampling and its samples' meaning.
struct PlanarPicture {
  int width = 0;
  int height = 0;
  int depth = 8;               ///< bits per sample, 1 to 16
  int log2_chroma_width = 0;   ///< 1: half as many chroma columns (rounded up)
  int log2_chroma_height = 0;  ///< 1: half as many chroma rows (rounded up)
  int chroma_location = 0;     ///< as in `VideoInfo`; 0 is taken for left
  int matrix = 1;              ///< H.273; 0 is RGB
  bool full_range = false;  ///< of Y'CbCr or gray; RGB is always of full range unless limited_rgb
  bool limited_rgb = false;
  bool gray = false;  ///< only `planes[0]` is there
  Plane planes[3];
};

/// The weights of red and blue in luma for a matrix of H.273. Throws `Error` (`unreadable_input`)
/// for one that is not of the plain Y'CbCr kind (YCgCo, ICtCp, constant luminance).
struct LumaWeights {
  double red = 0.2126;
  double blue = 0.0722;
};
LumaWeights luma_weights(int matrix);

/// Planar samples to float RGB, unclamped. Everything is computed in float; subsampled chroma is
/// interpolated with the Catmull-Rom kernel at its stored location.
void to_rgb(const PlanarPicture& picture, Frame& frame, int threads = 1);

/// A frame in codes of 8 bits, rounded to nearest and clamped: `rgb` gets `[3, height, width]`.
void to_rgb_bytes(const Frame& frame, std::uint8_t* rgb);

/// The same codes straight from planar samples, at a fraction of the cost. False, and nothing done,
/// for pictures other than Y'CbCr of 8 bits.
bool to_rgb_bytes(const PlanarPicture& picture, std::uint8_t* rgb, int threads = 1);

/// The inverse: float RGB to planar samples, rounded to nearest and clamped to what `depth` bits
/// hold. Chroma is filtered with the same kernel, stretched, before it is thinned out. `scratch` is
/// working memory to reuse.
void from_rgb(const Frame& frame, const PlanarPicture& picture, std::vector<float>& scratch,
              int threads = 1);

}  // namespace oasis::media
