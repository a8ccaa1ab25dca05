#include "color_matrix.h"

#include <fmt/format.h>

#include <cmath>

#include "oasis/core/error.h"

namespace oasis::media {

Quantisation quantisation(const PlanarPicture& picture) {
  const float step = static_cast<float>(std::ldexp(1.0, picture.depth - 8));
  const float top = static_cast<float>((1 << picture.depth) - 1);
  const bool full = picture.matrix == 0 ? !picture.limited_rgb : picture.full_range;
  if (full) return {0, top, 128 * step, top};
  return {16 * step, 219 * step, 128 * step, 224 * step};
}

Matrix matrix_of(int code) {
  const LumaWeights weights = luma_weights(code);
  const double kr = weights.red, kb = weights.blue, kg = 1 - kr - kb;
  Matrix m;
  m.kr = static_cast<float>(kr);
  m.kg = static_cast<float>(kg);
  m.kb = static_cast<float>(kb);
  m.r_from_cr = static_cast<float>(2 * (1 - kr));
  m.b_from_cb = static_cast<float>(2 * (1 - kb));
  m.g_from_cb = static_cast<float>(-2 * (1 - kb) * kb / kg);
  m.g_from_cr = static_cast<float>(-2 * (1 - kr) * kr / kg);
  m.cb_scale = static_cast<float>(0.5 / (1 - kb));
  m.cr_scale = static_cast<float>(0.5 / (1 - kr));
  return m;
}

LumaWeights luma_weights(int matrix) {
  switch (matrix) {
    case 1:
      return {0.2126, 0.0722};  // BT.709
    case 4:
      return {0.30, 0.11};  // FCC
    case 5:
    case 6:
      return {0.299, 0.114};  // BT.601
    case 7:
      return {0.212, 0.087};  // SMPTE 240M
    case 9:
      return {0.2627, 0.0593};  // BT.2020, non-constant luminance
    default:
      throw Error(
          ExitCode::unreadable_input,
          fmt::format("colour matrix {} (ITU-T H.273) is not supported; convert the video to "
                      "BT.709 first",
                      matrix));
  }
}

}  // namespace oasis::media
