#pragma once

#include <cstdint>

namespace oasis {

/// The grid of tokens of one clip; token (t, h, w) has index (t * rows + h) * cols + w.
struct TokenGrid {
  std::int64_t frames = 0;  ///< latent frames
  std::int64_t rows = 0;
  std::int64_t cols = 0;

  std::int64_t per_frame() const { return rows * cols; }
  std::int64_t count() const { return frames * rows * cols; }
  bool operator==(const TokenGrid&) const = default;
};

}  // namespace oasis
