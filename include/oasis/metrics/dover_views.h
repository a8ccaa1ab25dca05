#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace oasis::metrics {

/// DOVER's aesthetic view: every frame of video `[3, T, H, W]` uint8 enlarged or reduced to
/// `height` x `width` whatever its aspect, bilinear at pixel centres, computed in float32 and
/// rounded half to even to uint8. `antialias`: true as in torchvision since 0.17, false as when
/// DOVER was published. A video of that size is returned as it is.
at::Tensor dover_resize(const at::Tensor& video, std::int64_t height, std::int64_t width,
                        bool antialias);

/// The grid of patches that DOVER's technical branch sees instead of the whole frame.
struct DoverFragments {
  std::int64_t rows = 7;      ///< patches
  std::int64_t cols = 7;      ///< patches
  std::int64_t height = 32;   ///< pixels of a patch
  std::int64_t width = 32;    ///< pixels of a patch
  std::int64_t aligned = 32;  ///< consecutive frames whose patches lie at one place

  /// Groups of aligned frames in a video; one frame is a group of its own.
  std::int64_t groups(std::int64_t num_frames) const;
};

/// Where each patch lies within its cell of the grid: `[rows, cols, groups]` int64.
struct FragmentOffsets {
  at::Tensor down;    ///< pixels
  at::Tensor across;  ///< pixels
};

/// Random places, drawn as the reference draws them: all of `down`, then all of `across`.
FragmentOffsets draw_fragment_offsets(const DoverFragments& grid, std::int64_t num_frames,
                                      std::int64_t height, std::int64_t width,
                                      at::Generator& generator);

/// The middle of each cell: repeatable without a seed.
FragmentOffsets centre_fragment_offsets(const DoverFragments& grid, std::int64_t num_frames,
                                        std::int64_t height, std::int64_t width);

/// DOVER's technical view (`get_spatial_fragments`): the patches of video `[3, T, H, W]` uint8
/// spliced together, `[3, T, rows * height, cols * width]` uint8. A frame smaller than that is
/// enlarged first, but still cut on its old size's grid, as the reference does it. Throws
/// `oasis::Error` for frames smaller than one patch or a length that `aligned` does not divide.
at::Tensor dover_fragments(const at::Tensor& video, const DoverFragments& grid,
                           const FragmentOffsets& offsets);

/// (v - mean) / std of ImageNet in code values; video `[3, ...]` uint8 -> float32.
at::Tensor dover_normalise(const at::Tensor& video);

}  // namespace oasis::metrics
