#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace oasis::metrics {

/// CIE L*a*b* (white D65) of sRGB (IEC 61966-2-1) values: `[3, H, W]` in [0, 1] -> `[3, H, W]`
/// float64, L from 0 to 100.
at::Tensor lab_of(const at::Tensor& picture);

/// The CIE 1976 colour difference of two pictures `[3, H, W]` of one size, uint8 or float32 in
/// [0, 1], after each was brought to one pixel per `block` x `block` pixels by their mean (blocks
/// at the right and the bottom may be smaller): `[ceil(H / block), ceil(W / block)]` float64. 1 is
/// about what an observer can just see. Throws `oasis::Error` where the shapes disagree.
at::Tensor delta_e(const at::Tensor& a, const at::Tensor& b, std::int64_t block = 16);

}  // namespace oasis::metrics
