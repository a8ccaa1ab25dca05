#include "oasis/infer/color_fix.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>

#include "oasis/core/error.h"

namespace oasis::infer {
namespace {

void require_same_size(const at::Tensor& content, const at::Tensor& style) {
  if (content.dim() == 4 && content.sizes() == style.sizes()) return;
  throw Error(
      fmt::format("colour correction needs two clips [N, 3, H, W] of one size, not [{}] "
                  "and [{}]",
                  fmt::join(content.sizes(), ", "), fmt::join(style.sizes(), ", ")));
}

// [1 2 1] / 4 along `axis` of a picture padded by `reach` there.
at::Tensor binomial(const at::Tensor& padded, std::int64_t axis, std::int64_t reach) {
  const std::int64_t size = padded.size(axis) - 2 * reach;
  return 0.5 * padded.narrow(axis, reach, size) +
         0.25 * (padded.narrow(axis, 0, size) + padded.narrow(axis, 2 * reach, size));
}

at::Tensor low_frequencies(at::Tensor picture, std::int64_t levels) {
  for (std::int64_t level = 0; level < levels; ++level) {
    const std::int64_t reach = std::int64_t{1} << level;
    const at::Tensor padded = at::replication_pad2d(picture, {reach, reach, reach, reach});
    picture = binomial(binomial(padded, 3, reach), 2, reach);
  }
  return picture;
}

struct Moments {
  at::Tensor mean;
  at::Tensor deviation;
};

Moments moments(const at::Tensor& picture, double eps) {
  const at::Tensor pixels = picture.flatten(2);
  const at::Tensor mean = pixels.mean(2, /*keepdim=*/true);
  const at::Tensor offset = pixels - mean;
  const std::int64_t freedom = std::max<std::int64_t>(pixels.size(2) - 1, 1);
  const at::Tensor variance =
      (offset * offset).sum(2, /*keepdim=*/true) / static_cast<double>(freedom);
  return {mean.unsqueeze(-1), (variance + eps).sqrt().unsqueeze(-1)};
}

}  // namespace

ColorFix color_fix_from(const std::string& name) {
  if (name == "none") return ColorFix::none;
  if (name == "wavelet") return ColorFix::wavelet;
  if (name == "adain") return ColorFix::adain;
  throw Error(ExitCode::usage,
              fmt::format("unknown colour correction '{}'; choose none, wavelet or adain", name));
}

std::int64_t wavelet_reach(std::int64_t levels) { return (std::int64_t{1} << levels) - 1; }

at::Tensor wavelet_color_fix(const at::Tensor& content, const at::Tensor& style,
                             std::int64_t levels) {
  require_same_size(content, style);
  return content + low_frequencies(style - content, levels);
}

at::Tensor adain_color_fix(const at::Tensor& content, const at::Tensor& style, double eps) {
  require_same_size(content, style);
  const Moments from = moments(content, eps);
  const Moments to = moments(style, eps);
  return (content - from.mean) / from.deviation * to.deviation + to.mean;
}

at::Tensor fix_colors(const at::Tensor& content, const at::Tensor& style, ColorFix fix) {
  switch (fix) {
    case ColorFix::wavelet:
      return wavelet_color_fix(content, style);
    case ColorFix::adain:
      return adain_color_fix(content, style);
    case ColorFix::none:
      break;
  }
  return content;
}

}  // namespace oasis::infer
