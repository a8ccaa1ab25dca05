#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace oasis::infer {

/// Brings the colours of upscaled frames back to those of the input.
enum class ColorFix {
  none,
  wavelet,  ///< the low frequencies of the input, the high ones of the result
  adain,    ///< mean and standard deviation of the input, per channel
};

/// "none", "wavelet" or "adain"; anything else throws `oasis::Error`.
ColorFix color_fix_from(const std::string& name);

/// How far `wavelet_color_fix` looks: 31 pixels for 5 levels. Tiles need such a margin.
std::int64_t wavelet_reach(std::int64_t levels);

/// StableSR's wavelet correction (`wavelet_color_fix.py`): content + L(style - content) with L a
/// cascade of `levels` 3x3 binomial filters of dilation 1, 2, 4, ...; edges repeated. content (the
/// result) and style (the input enlarged to its size) `[N, 3, H, W]`, any range; no clamp. Each
/// frame and channel by itself.
at::Tensor wavelet_color_fix(const at::Tensor& content, const at::Tensor& style,
                             std::int64_t levels = 5);

/// StableSR's adaptive instance normalisation: mean and unbiased variance over a channel's pixels;
/// `eps` is added to the variances. A channel of one pixel has variance 0.
at::Tensor adain_color_fix(const at::Tensor& content, const at::Tensor& style, double eps = 1e-5);

/// The chosen correction with its published options.
at::Tensor fix_colors(const at::Tensor& content, const at::Tensor& style, ColorFix fix);

}  // namespace oasis::infer
