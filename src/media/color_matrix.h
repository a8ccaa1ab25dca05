#pragma once

#include "oasis/media/color_conversion.h"

namespace oasis::media {

/// code = offset + scale * value, for values of luma in [0, 1] and of chroma in [-1/2, 1/2].
struct Quantisation {
  float luma_offset, luma_scale, chroma_offset, chroma_scale;
};
Quantisation quantisation(const PlanarPicture& picture);

/// The products that R'G'B' <-> Y'CbCr needs (H.273, equations 38 to 43).
struct Matrix {
  float kr, kg, kb;
  float r_from_cr, g_from_cb, g_from_cr, b_from_cb;
  float cb_scale, cr_scale;
};
Matrix matrix_of(int code);

}  // namespace oasis::media
