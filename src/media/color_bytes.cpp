// Pictures as RGB of 8 bits, row by row, without a frame of floats between.

#include <algorithm>
#include <vector>

#include "chroma_upsampler.h"
#include "color_bytes_row.h"
#include "color_matrix.h"
#include "oasis/media/color_conversion.h"
#include "parallel_rows.h"
#include "plane_rows.h"
#include "row_clones.h"

namespace oasis::media {
namespace {

/// Comparisons written out so that loops have no branches; NaN becomes 0.
inline std::uint8_t nearest_byte(float value) {
  const float code = value * 255.0f + 0.5f;
  const float least = code > 0.0f ? code : 0.0f;
  return static_cast<std::uint8_t>(static_cast<int>(least < 255.0f ? least : 255.0f));
}

OASIS_ROW_CLONES void round_row(const float* __restrict values, std::size_t count,
                                std::uint8_t* __restrict bytes) {
  for (std::size_t i = 0; i < count; ++i) bytes[i] = nearest_byte(values[i]);
}

/// Y, Cb, Cr of luma codes and chroma values to R, G, B; the operations of `to_rgb` in their order.
void mix_row_plainly(const ByteRow& row, const Matrix& m, const Quantisation& q) {
  const float r_from_cr = m.r_from_cr, g_from_cb = m.g_from_cb;
  const float g_from_cr = m.g_from_cr, b_from_cb = m.b_from_cb;
  for (int x = 0; x < row.width; ++x) {
    const float luma = (static_cast<float>(row.luma[x]) - q.luma_offset) / q.luma_scale;
    row.red[x] = nearest_byte(luma + r_from_cr * row.cr[x]);
    row.green[x] = nearest_byte(luma + g_from_cb * row.cb[x] + g_from_cr * row.cr[x]);
    row.blue[x] = nearest_byte(luma + b_from_cb * row.cb[x]);
  }
}

void yuv_rows_to_bytes(const PlanarPicture& picture, std::uint8_t* rgb, int begin, int end) {
  const Quantisation q = quantisation(picture);
  const Matrix m = matrix_of(picture.matrix);
  const int width = picture.width;
  const std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(width) * picture.height;
  ChromaUpsampler<std::uint8_t> cb_rows(picture, picture.planes[1], q);
  ChromaUpsampler<std::uint8_t> cr_rows(picture, picture.planes[2], q);
  std::vector<float> cb(static_cast<std::size_t>(width + 8));
  std::vector<float> cr(cb.size());
  for (int y = begin; y < end; ++y) {
    cb_rows.row(y, cb.data());
    cr_rows.row(y, cr.data());
    std::uint8_t* out = rgb + static_cast<std::ptrdiff_t>(y) * width;
    const ByteRow row = {row_of<std::uint8_t>(picture.planes[0], y),
                         cb.data(),
                         cr.data(),
                         out,
                         out + plane,
                         out + 2 * plane,
                         width};
    if (!mix_row_avx2(row, m, q)) mix_row_plainly(row, m, q);
  }
}

}  // namespace

void to_rgb_bytes(const Frame& frame, std::uint8_t* rgb) {
  round_row(frame.rgb.data(), 3 * frame.plane_size(), rgb);
}

bool to_rgb_bytes(const PlanarPicture& picture, std::uint8_t* rgb, int threads) {
  if (picture.depth != 8 || picture.matrix == 0 || picture.gray) return false;
  luma_weights(picture.matrix);  // throws for a matrix that is not supported
  parallel_rows(picture.height, threads,
                [&](int begin, int end) { yuv_rows_to_bytes(picture, rgb, begin, end); });
  return true;
}

}  // namespace oasis::media
