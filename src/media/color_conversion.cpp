#include "oasis/media/color_conversion.h"

#include <fmt/format.h>

#include <algorithm>

#include "chroma_filter.h"
#include "chroma_upsampler.h"
#include "color_matrix.h"
#include "oasis/core/error.h"
#include "parallel_rows.h"
#include "plane_rows.h"
#include "row_clones.h"

namespace oasis::media {
namespace {

/// out = (code - offset) / scale. A division, so that codes come back as the nearest float to their
/// exact value.
#define OASIS_SAMPLE_ROWS(Sample)                                                               \
  OASIS_ROW_CLONES void dequantise_row(const Sample* __restrict codes, int count, float offset, \
                                       float scale, float* __restrict out) {                    \
    for (int x = 0; x < count; ++x) out[x] = (static_cast<float>(codes[x]) - offset) / scale;   \
  }
OASIS_SAMPLE_ROWS(std::uint8_t)
OASIS_SAMPLE_ROWS(std::uint16_t)
#undef OASIS_SAMPLE_ROWS

template <typename Sample>
void quantise(const float* values, int count, float offset, float scale, int depth, Sample* codes) {
  const float top = static_cast<float>((1 << depth) - 1);
  for (int x = 0; x < count; ++x) {
    // +0.5 and truncation: values are clamped to be positive first.
    const float code = std::min(std::max(values[x] * scale + offset, 0.0f), top);
    codes[x] = static_cast<Sample>(static_cast<int>(code + 0.5f));
  }
}

template <typename Sample>
void rgb_rows_to_rgb(const PlanarPicture& picture, Frame& frame, int begin, int end) {
  const Quantisation q = quantisation(picture);
  for (int channel = 0; channel < 3; ++channel) {
    const Plane& plane = picture.planes[picture.gray ? 0 : channel];
    for (int y = begin; y < end; ++y) {
      dequantise_row(row_of<Sample>(plane, y), picture.width, q.luma_offset, q.luma_scale,
                     frame.plane(channel) + static_cast<std::ptrdiff_t>(y) * picture.width);
    }
  }
}

/// One row of Y, Cb, Cr to R, G, B; nothing overlaps.
OASIS_ROW_CLONES void mix_row(const Matrix& m, const float* __restrict luma,
                              const float* __restrict cb, const float* __restrict cr, int width,
                              float* __restrict red, float* __restrict green,
                              float* __restrict blue) {
  const float r_from_cr = m.r_from_cr, g_from_cb = m.g_from_cb;
  const float g_from_cr = m.g_from_cr, b_from_cb = m.b_from_cb;
  for (int x = 0; x < width; ++x) {
    red[x] = luma[x] + r_from_cr * cr[x];
    green[x] = luma[x] + g_from_cb * cb[x] + g_from_cr * cr[x];
    blue[x] = luma[x] + b_from_cb * cb[x];
  }
}

template <typename Sample>
void yuv_rows_to_rgb(const PlanarPicture& picture, Frame& frame, int begin, int end) {
  const Quantisation q = quantisation(picture);
  const Matrix m = matrix_of(picture.matrix);
  const int width = picture.width;
  ChromaUpsampler<Sample> cb_rows(picture, picture.planes[1], q);
  ChromaUpsampler<Sample> cr_rows(picture, picture.planes[2], q);
  const std::size_t length = static_cast<std::size_t>(width + 8);
  std::vector<float> buffer(3 * length);
  float* luma = buffer.data();
  float* cb = luma + length;
  float* cr = cb + length;
  for (int y = begin; y < end; ++y) {
    dequantise_row(row_of<Sample>(picture.planes[0], y), width, q.luma_offset, q.luma_scale, luma);
    cb_rows.row(y, cb);
    cr_rows.row(y, cr);
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(y) * width;
    mix_row(m, luma, cb, cr, width, frame.plane(0) + at, frame.plane(1) + at, frame.plane(2) + at);
  }
}

template <typename Sample>
void to_rgb_of(const PlanarPicture& picture, Frame& frame, int threads) {
  parallel_rows(picture.height, threads, [&](int begin, int end) {
    if (picture.matrix == 0 || picture.gray) {
      rgb_rows_to_rgb<Sample>(picture, frame, begin, end);
    } else {
      yuv_rows_to_rgb<Sample>(picture, frame, begin, end);
    }
  });
}

template <typename Sample>
void rgb_rows_from_rgb(const Frame& frame, const PlanarPicture& picture, int begin, int end) {
  const Quantisation q = quantisation(picture);
  for (int channel = 0; channel < 3; ++channel) {
    for (int y = begin; y < end; ++y) {
      quantise(frame.plane(channel) + static_cast<std::ptrdiff_t>(y) * picture.width, picture.width,
               q.luma_offset, q.luma_scale, picture.depth,
               mutable_row_of<Sample>(picture.planes[channel], y));
    }
  }
}

/// Filters and thins `values[0, width)`, which has margins, to `columns` samples.
void thin_row(const ChromaTaps& taps, int factor, const float* values, int columns, float* out) {
  if (factor == 1) {
    std::copy(values, values + columns, out);
    return;
  }
  std::fill(out, out + columns, 0.0f);
  for (std::size_t k = 0; k < taps.weights.size(); ++k) {
    const float weight = taps.weights[k];
    const float* source = values + taps.first + static_cast<int>(k);
    for (int x = 0; x < columns; ++x) out[x] += weight * source[x * factor];
  }
}

/// Writes the luma rows and leaves the horizontally thinned chroma rows in `thin` (Cb, then Cr;
/// `[2, height, columns]`).
template <typename Sample>
void luma_and_thin_chroma(const Frame& frame, const PlanarPicture& picture, float* thin, int begin,
                          int end) {
  const Quantisation q = quantisation(picture);
  const Matrix m = matrix_of(picture.matrix);
  const int width = picture.width;
  const int columns = chroma_extent(width, picture.log2_chroma_width);
  const ChromaAxis axis = horizontal_axis(picture.log2_chroma_width, picture.chroma_location);
  const ChromaTaps taps = downsampling_taps(axis);
  const std::size_t length = static_cast<std::size_t>(width + 2 * kMargin);
  std::vector<float> buffer(3 * length);
  float* luma = buffer.data();
  float* cb = luma + length + kMargin;
  float* cr = cb + length;
  for (int y = begin; y < end; ++y) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(y) * width;
    const float* red = frame.plane(0) + at;
    const float* green = frame.plane(1) + at;
    const float* blue = frame.plane(2) + at;
    for (int x = 0; x < width; ++x) {
      luma[x] = m.kr * red[x] + m.kg * green[x] + m.kb * blue[x];
      cb[x] = (blue[x] - luma[x]) * m.cb_scale;
      cr[x] = (red[x] - luma[x]) * m.cr_scale;
    }
    quantise(luma, width, q.luma_offset, q.luma_scale, picture.depth,
             mutable_row_of<Sample>(picture.planes[0], y));
    if (picture.gray) continue;
    extend_row(cb, width);
    extend_row(cr, width);
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(y) * columns;
    thin_row(taps, axis.factor, cb, columns, thin + row);
    thin_row(taps, axis.factor, cr, columns,
             thin + static_cast<std::ptrdiff_t>(picture.height) * columns + row);
  }
}

/// Filters `thin` down its columns and quantises chroma rows [begin, end).
template <typename Sample>
void chroma_rows(const PlanarPicture& picture, const float* thin, int begin, int end) {
  const Quantisation q = quantisation(picture);
  const int columns = chroma_extent(picture.width, picture.log2_chroma_width);
  const ChromaAxis axis = vertical_axis(picture.log2_chroma_height, picture.chroma_location);
  const ChromaTaps taps = axis.factor == 1 ? ChromaTaps{0, {1.0f}} : downsampling_taps(axis);
  std::vector<float> mixed(static_cast<std::size_t>(columns));
  for (int component = 0; component < 2; ++component) {
    const float* plane = thin + static_cast<std::ptrdiff_t>(component) * picture.height * columns;
    for (int y = begin; y < end; ++y) {
      std::fill(mixed.begin(), mixed.end(), 0.0f);
      for (std::size_t k = 0; k < taps.weights.size(); ++k) {
        const int source = y * axis.factor + taps.first + static_cast<int>(k);
        const float* row =
            plane +
            static_cast<std::ptrdiff_t>(std::clamp(source, 0, picture.height - 1)) * columns;
        const float weight = taps.weights[k];
        for (int x = 0; x < columns; ++x) mixed[static_cast<std::size_t>(x)] += weight * row[x];
      }
      quantise(mixed.data(), columns, q.chroma_offset, q.chroma_scale, picture.depth,
               mutable_row_of<Sample>(picture.planes[component + 1], y));
    }
  }
}

template <typename Sample>
void from_rgb_of(const Frame& frame, const PlanarPicture& picture, std::vector<float>& scratch,
                 int threads) {
  if (picture.matrix == 0) {
    parallel_rows(picture.height, threads, [&](int begin, int end) {
      rgb_rows_from_rgb<Sample>(frame, picture, begin, end);
    });
    return;
  }
  const int columns = chroma_extent(picture.width, picture.log2_chroma_width);
  const int rows = chroma_extent(picture.height, picture.log2_chroma_height);
  scratch.resize(2 * static_cast<std::size_t>(picture.height) * static_cast<std::size_t>(columns));
  parallel_rows(picture.height, threads, [&](int begin, int end) {
    luma_and_thin_chroma<Sample>(frame, picture, scratch.data(), begin, end);
  });
  if (picture.gray) return;
  parallel_rows(rows, threads, [&](int begin, int end) {
    chroma_rows<Sample>(picture, scratch.data(), begin, end);
  });
}

}  // namespace

void to_rgb(const PlanarPicture& picture, Frame& frame, int threads) {
  if (picture.matrix != 0 && !picture.gray) luma_weights(picture.matrix);
  frame.resize(picture.width, picture.height);
  if (picture.depth <= 8) {
    to_rgb_of<std::uint8_t>(picture, frame, threads);
  } else {
    to_rgb_of<std::uint16_t>(picture, frame, threads);
  }
}

void from_rgb(const Frame& frame, const PlanarPicture& picture, std::vector<float>& scratch,
              int threads) {
  if (frame.width != picture.width || frame.height != picture.height) {
    throw Error(fmt::format("a frame of {}x{} was given for a picture of {}x{}", frame.width,
                            frame.height, picture.width, picture.height));
  }
  if (picture.matrix != 0) luma_weights(picture.matrix);
  if (picture.depth <= 8) {
    from_rgb_of<std::uint8_t>(frame, picture, scratch, threads);
  } else {
    from_rgb_of<std::uint16_t>(frame, picture, scratch, threads);
  }
}

}  // namespace oasis::media
