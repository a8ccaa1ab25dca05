#include "chroma_upsampler.h"

#include <algorithm>
#include <array>

#include "plane_rows.h"
#include "row_clones.h"

namespace oasis::media {
namespace {

/// Four values per result, added in their order.
using FourWeights = std::array<float, 4>;

#define OASIS_CENTRE_ROW(Sample)                                                            \
  OASIS_ROW_CLONES void centre_row(const Sample* __restrict codes, int count, float offset, \
                                   float* __restrict out) {                                 \
    for (int x = 0; x < count; ++x) out[x] = static_cast<float>(codes[x]) - offset;         \
  }
OASIS_CENTRE_ROW(std::uint8_t)
OASIS_CENTRE_ROW(std::uint16_t)
#undef OASIS_CENTRE_ROW

OASIS_ROW_CLONES void add_row(const float* __restrict values, int count, float weight,
                              float* __restrict out) {
  for (int x = 0; x < count; ++x) out[x] += weight * values[x];
}

OASIS_ROW_CLONES void mix_four_rows(const std::array<const float*, 4>& rows, int count,
                                    const FourWeights& weights, float* __restrict out) {
  const FourWeights w = weights;
  const float *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
  for (int x = 0; x < count; ++x) out[x] = w[0] * a[x] + w[1] * b[x] + w[2] * c[x] + w[3] * d[x];
}

/// A row with twice as many values: even ones as they are, odd ones each by four taps.
OASIS_ROW_CLONES void fill_between(const float* __restrict even, const float* __restrict odd,
                                   const FourWeights& weights, int columns, float* __restrict out) {
  const FourWeights w = weights;
  for (int x = 0; x < columns; ++x) {
    out[2 * x] = even[x];
    out[2 * x + 1] = w[0] * odd[x] + w[1] * odd[x + 1] + w[2] * odd[x + 2] + w[3] * odd[x + 3];
  }
}

/// A row with twice as many values: even and odd ones each by four taps.
OASIS_ROW_CLONES void double_row(const float* __restrict even, const FourWeights& even_weights,
                                 const float* __restrict odd, const FourWeights& odd_weights,
                                 int columns, float* __restrict out) {
  const FourWeights e = even_weights;
  const FourWeights o = odd_weights;
  for (int x = 0; x < columns; ++x) {
    out[2 * x] = e[0] * even[x] + e[1] * even[x + 1] + e[2] * even[x + 2] + e[3] * even[x + 3];
    out[2 * x + 1] = o[0] * odd[x] + o[1] * odd[x + 1] + o[2] * odd[x + 2] + o[3] * odd[x + 3];
  }
}

}  // namespace

template <typename Sample>
ChromaUpsampler<Sample>::ChromaUpsampler(const PlanarPicture& picture, const Plane& plane,
                                         const Quantisation& q)
    : plane_(plane),
      offset_(q.chroma_offset),
      scale_(q.chroma_scale),
      columns_(chroma_extent(picture.width, picture.log2_chroma_width)),
      rows_(chroma_extent(picture.height, picture.log2_chroma_height)),
      vertical_(
          upsampling_taps(vertical_axis(picture.log2_chroma_height, picture.chroma_location))),
      horizontal_(
          upsampling_taps(horizontal_axis(picture.log2_chroma_width, picture.chroma_location))),
      centred_(kHeldRows * static_cast<std::size_t>(columns_)),
      mixed_(static_cast<std::size_t>(columns_ + 2 * kMargin)),
      row_(mixed_.size()) {
  held_.fill(-1);
}

template <typename Sample>
void ChromaUpsampler<Sample>::row(int y, float* out) {
  float* mixed = mixed_.data() + kMargin;
  mix_down(y, mixed);
  if (horizontal_.size() == 1) {
    std::copy(mixed, mixed + columns_, out);
    return;
  }
  extend_row(mixed, columns_);
  if (horizontal_.size() == 2) return interpolate_doubled(mixed, out);
  for (std::size_t phase = 0; phase < horizontal_.size(); ++phase) interpolate(phase, mixed, out);
}

template <typename Sample>
const float* ChromaUpsampler<Sample>::centred(int source) {
  const std::size_t slot = static_cast<std::size_t>(source) % kHeldRows;
  float* values = centred_.data() + slot * static_cast<std::size_t>(columns_);
  if (held_[slot] != source) {
    centre_row(row_of<Sample>(plane_, source), columns_, offset_, values);
    held_[slot] = source;
  }
  return values;
}

template <typename Sample>
void ChromaUpsampler<Sample>::mix_down(int y, float* mixed) {
  const int factor = static_cast<int>(vertical_.size());
  const ChromaTaps& taps = vertical_[static_cast<std::size_t>(y % factor)];
  const auto values = [&](int k) {
    return centred(std::clamp(y / factor + taps.first + k, 0, rows_ - 1));
  };
  if (taps.weights.size() == 4) {
    FourWeights weights;
    for (std::size_t k = 0; k < 4; ++k) weights[k] = taps.weights[k] / scale_;
    return mix_four_rows({values(0), values(1), values(2), values(3)}, columns_, weights, mixed);
  }
  std::fill(mixed, mixed + columns_, 0.0f);
  for (std::size_t k = 0; k < taps.weights.size(); ++k) {
    add_row(values(static_cast<int>(k)), columns_, taps.weights[k] / scale_, mixed);
  }
}

template <typename Sample>
void ChromaUpsampler<Sample>::interpolate_doubled(const float* mixed, float* out) const {
  FourWeights weights[2] = {};
  for (std::size_t phase = 0; phase < 2; ++phase) {
    const auto& taps = horizontal_[phase].weights;
    std::copy(taps.begin(), taps.end(), weights[phase].begin());
  }
  const float* even = mixed + horizontal_[0].first;
  const float* odd = mixed + horizontal_[1].first;
  if (horizontal_[0].weights.size() == 1) {
    fill_between(even, odd, weights[1], columns_, out);
  } else {
    double_row(even, weights[0], odd, weights[1], columns_, out);
  }
}

template <typename Sample>
void ChromaUpsampler<Sample>::interpolate(std::size_t phase, const float* mixed, float* out) {
  const ChromaTaps& taps = horizontal_[phase];
  const std::size_t step = horizontal_.size();
  const float* source = mixed + taps.first;
  float* values = row_.data();
  if (taps.weights.size() == 4) {
    const float a = taps.weights[0], b = taps.weights[1], c = taps.weights[2], d = taps.weights[3];
    for (int x = 0; x < columns_; ++x) {
      values[x] = a * source[x] + b * source[x + 1] + c * source[x + 2] + d * source[x + 3];
    }
  } else {
    std::copy(source, source + columns_, values);
  }
  for (int x = 0; x < columns_; ++x) out[static_cast<std::size_t>(x) * step + phase] = values[x];
}

template class ChromaUpsampler<std::uint8_t>;
template class ChromaUpsampler<std::uint16_t>;

}  // namespace oasis::media
