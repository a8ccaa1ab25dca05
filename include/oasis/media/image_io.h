#pragma once

#include <filesystem>

#include "oasis/media/frame.h"

namespace oasis::media {

/// An image as a frame and what it was stored as.
struct Image {
  Frame frame;
  int bit_depth = 8;  ///< 8 or 16
  bool gray = false;
  bool has_alpha = false;  ///< alpha was there and is dropped
};

/// Reads whatever OpenCV reads (PNG, JPEG, TIFF, BMP, WebP, ...), 8 or 16 bits, exact. Throws
/// `Error`
/// (`unreadable_input`).
Image read_image(const std::filesystem::path& path);

/// Writes an RGB PNG of 8 or 16 bits; values are clamped to [0, 1] and rounded. An existing file is
/// replaced. Throws `Error` (`failed`).
void write_png(const std::filesystem::path& path, const Frame& frame, int bit_depth = 8);

}  // namespace oasis::media
