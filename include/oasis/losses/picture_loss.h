#pragma once

#include <ATen/core/Tensor.h>

namespace oasis::losses {

/// The mean over all elements of (a - b)^2: eq. 8 on latents, the pixel term of eq. 9 on videos.
at::Tensor mean_squared_error(const at::Tensor& a, const at::Tensor& b);

/// The mean of sqrt((a - b)^2 + epsilon^2) (Charbonnier et al., ICIP 1994): the training loss of
/// small models. epsilon in the units of the values.
at::Tensor charbonnier(const at::Tensor& a, const at::Tensor& b, double epsilon = 1e-3);

/// The mean over the batch of ln(m + epsilon), where m is the mean squared error of one clip
/// `[B, ...]` in [-1, 1]: with NAFNet (Chen et al., "Simple Baselines for Image Restoration", ECCV
/// 2022) training maximises PSNR, here of a whole clip, which is 6.02 dB - 4.343 ln(m): 0.23 less
/// is 1 dB more. Negative for good clips. epsilon bounds the gradient: 1e-6 is 66 dB. With luma > 0
/// clips are `[B, 3, ...]` and m is (1 - luma) m_RGB + luma m_Y, m_Y that of BT.601's luma.
at::Tensor psnr_loss(const at::Tensor& pred, const at::Tensor& reference, double epsilon = 1e-6,
                     double luma = 0);

/// The mean absolute difference of horizontal and vertical gradients of `[B, 3, T, H, W]`, averaged
/// over `scales` levels, each half the size of the one before (2x2 means): edges at their places,
/// without downloaded weights.
at::Tensor gradient_loss(const at::Tensor& pred, const at::Tensor& reference, int scales = 3);

}  // namespace oasis::losses
