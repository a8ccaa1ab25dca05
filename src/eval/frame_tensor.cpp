#include "eval/frame_tensor.h"

#include <ATen/Functions.h>

#include <array>
#include <cstdint>
#include <opencv2/imgproc.hpp>

#include "degrade/cpu_clones.h"
#include "oasis/media/color_conversion.h"

namespace oasis::eval {
namespace {

// Comparisons written out so that the loop has no branches; clamping passes NaN to 0.
OASIS_CLONES_EXACT void clamp_unit(const float* __restrict values, std::int64_t count,
                                   float* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float least = values[i] > 0.0F ? values[i] : 0.0F;
    out[i] = least < 1.0F ? least : 1.0F;
  }
}

// Rows of a 3x3 matrix.
using Mix = std::array<std::array<float, 3>, 3>;

// From R'G'B' to Y'CbCr by one matrix and back by the other; both are linear, offsets cancel.
Mix remix(int from, int to) {
  const auto a = media::luma_weights(from);
  const auto b = media::luma_weights(to);
  const double ag = 1 - a.red - a.blue;
  const double bg = 1 - b.red - b.blue;
  Mix mix;
  for (std::size_t c = 0; c < 3; ++c) {
    const double luma = c == 0 ? a.red : c == 1 ? ag : a.blue;
    const double cb = ((c == 2 ? 1.0 : 0.0) - luma) / (2 * (1 - a.blue));
    const double cr = ((c == 0 ? 1.0 : 0.0) - luma) / (2 * (1 - a.red));
    const double red = luma + 2 * (1 - b.red) * cr;
    const double blue = luma + 2 * (1 - b.blue) * cb;
    mix[0][c] = static_cast<float>(red);
    mix[2][c] = static_cast<float>(blue);
    mix[1][c] = static_cast<float>((luma - b.red * red - b.blue * blue) / bg);
  }
  return mix;
}

media::Frame remixed(const media::Frame& frame) {
  static const Mix mix = remix(1, 6);
  media::Frame result;
  result.resize(frame.width, frame.height);
  const float* r = frame.plane(0);
  const float* g = frame.plane(1);
  const float* b = frame.plane(2);
  for (int channel = 0; channel < 3; ++channel) {
    const auto& row = mix[static_cast<std::size_t>(channel)];
    float* out = result.plane(channel);
    for (std::size_t i = 0; i < frame.plane_size(); ++i) {
      out[i] = row[0] * r[i] + row[1] * g[i] + row[2] * b[i];
    }
  }
  return result;
}

}  // namespace

FrameForm frame_form(const media::VideoInfo& info, bool take_bt601) {
  const bool yuv =
      info.layout != media::PixelLayout::rgb && info.layout != media::PixelLayout::gray;
  return {info.bit_depth <= 8, take_bt601 && yuv && info.color.guessed && info.color.matrix == 1};
}

at::Tensor frame_tensor(const media::Frame& frame, const FrameForm& form) {
  if (form.bt709_to_bt601) return frame_tensor(remixed(frame), {form.bytes, false});
  at::Tensor result =
      at::empty({3, frame.height, frame.width}, form.bytes ? at::kByte : at::kFloat);
  if (form.bytes) {
    media::to_rgb_bytes(frame, result.mutable_data_ptr<std::uint8_t>());
  } else {
    clamp_unit(frame.rgb.data(), static_cast<std::int64_t>(frame.rgb.size()),
               result.mutable_data_ptr<float>());
  }
  return result;
}

at::Tensor unit_range(const at::Tensor& frames) {
  return frames.scalar_type() == at::kByte ? frames.to(at::kFloat) / 255.0 : frames.to(at::kFloat);
}

at::Tensor resize_frame(const at::Tensor& frame, std::int64_t height, std::int64_t width) {
  const bool bytes = frame.scalar_type() == at::kByte;
  const bool shrinks = height * width < frame.size(1) * frame.size(2);
  const at::Tensor source = unit_range(frame).contiguous();
  at::Tensor result = at::empty({3, height, width}, at::kFloat);
  for (std::int64_t c = 0; c < 3; ++c) {
    const cv::Mat from(static_cast<int>(frame.size(1)), static_cast<int>(frame.size(2)), CV_32F,
                       source[c].data_ptr());
    cv::Mat to(static_cast<int>(height), static_cast<int>(width), CV_32F, result[c].data_ptr());
    cv::resize(from, to, to.size(), 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_CUBIC);
  }
  result.clamp_(0, 1);
  return bytes ? result.mul_(255.0).round_().to(at::kByte) : result;
}

}  // namespace oasis::eval
