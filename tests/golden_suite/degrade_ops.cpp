#include <ATen/Functions.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <opencv2/core.hpp>
#include <vector>

#include "frame_tensor.h"
#include "oasis/degrade/blur.h"
#include "oasis/degrade/frames.h"
#include "oasis/degrade/jpeg.h"
#include "oasis/degrade/noise.h"
#include "oasis/degrade/resize.h"
#include "oasis/degrade/unsharp_mask.h"
#include "registry.h"

namespace oasis::golden {
namespace {

using namespace degrade;

// The result of `apply` on each frame of `input.frames`, stacked.
at::Tensor each_frame(const Fixture& fixture,
                      const std::function<cv::Mat(const cv::Mat&, std::int64_t)>& apply) {
  const at::Tensor frames = fixture.input("frames");
  std::vector<at::Tensor> results;
  for (std::int64_t t = 0; t < frames.size(0); ++t) {
    results.push_back(to_tensor(apply(to_mat(frames[t]), t)));
  }
  return at::stack(results);
}

Interpolation interpolation_of(const Fixture& fixture) {
  const std::string name = fixture.config().at("interp");
  static const std::map<std::string, Interpolation> names{{"linear", Interpolation::linear},
                                                          {"area", Interpolation::area},
                                                          {"cubic", Interpolation::cubic}};
  return names.at(name);
}

void check_blur(const Fixture& fixture) {
  fixture.expect_close("frames", each_frame(fixture, [&](const cv::Mat& frame, std::int64_t t) {
                         const at::Tensor kernel = fixture.input("kernels")[t];
                         return BlurFilter(to_mat(kernel.unsqueeze(2)))(frame);
                       }));
}

void check_resize(const Fixture& fixture) {
  const auto sizes = fixture.config().at("sizes").get<std::vector<std::vector<int>>>();
  const cv::Mat frame = to_mat(fixture.input("frame"));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const cv::Mat result = resize(frame, {sizes[i][1], sizes[i][0]}, interpolation_of(fixture));
    fixture.expect_close(fmt::format("frame.{:02}", i), to_tensor(result));
  }
}

void check_resize_sequence(const Fixture& fixture) {
  const at::Tensor frames = fixture.input("frames"), scales = fixture.input("scales");
  const cv::Size first(static_cast<int>(frames.size(2)), static_cast<int>(frames.size(1)));
  for (std::int64_t t = 0; t < frames.size(0); ++t) {
    const cv::Size size = scaled_size(first, scales[t].item<double>(), fixture.config().at("even"));
    fixture.expect_close(fmt::format("frame.{:02}", t),
                         to_tensor(resize(to_mat(frames[t]), size, interpolation_of(fixture))));
  }
}

void check_resize_size(const Fixture& fixture) {
  const at::Tensor scales = fixture.input("scale");
  at::Tensor sizes = at::empty({scales.size(0), 2}, at::kLong);
  for (std::int64_t i = 0; i < scales.size(0); ++i) {
    const cv::Size size =
        scaled_size({fixture.input("width")[i].item<int>(), fixture.input("height")[i].item<int>()},
                    scales[i].item<double>(), fixture.config().at("even"));
    sizes[i][0] = size.height;
    sizes[i][1] = size.width;
  }
  fixture.expect_close("sizes", sizes);
}

void check_gaussian(const Fixture& fixture) {
  fixture.expect_close("frames", each_frame(fixture, [&](const cv::Mat& frame, std::int64_t t) {
                         return add_gaussian(frame, to_mat(fixture.input("normal")[t]),
                                             fixture.input("sigma")[t].item<double>());
                       }));
}

at::Tensor rates_of(const PoissonField& field, PoissonConvention convention) {
  cv::Mat table(1, 256, CV_64F), rates;
  for (int v = 0; v < 256; ++v) {
    table.at<double>(v) = poisson_rate(v, field.levels, convention);
  }
  cv::LUT(field.values, table, rates);
  return to_tensor(rates);
}

void check_poisson(const Fixture& fixture) {
  const std::string name = fixture.config().at("poisson");
  ASSERT_TRUE(name == "unit" || name == "byte");
  const auto convention = name == "unit" ? PoissonConvention::unit : PoissonConvention::byte;
  std::vector<at::Tensor> rates;
  std::vector<double> levels;
  const at::Tensor frames = each_frame(fixture, [&](const cv::Mat& frame, std::int64_t t) {
    const PoissonField field = poisson_field(frame, fixture.config().at("gray"));
    rates.push_back(rates_of(field, convention));
    levels.push_back(field.levels);
    return add_poisson(frame, field, to_mat(fixture.input("counts")[t]),
                       fixture.input("scale")[t].item<double>(), convention);
  });
  fixture.expect_close("rates", at::stack(rates));
  fixture.expect_close("levels", at::tensor(levels, at::kDouble));
  fixture.expect_close("frames", frames);
}

void check_jpeg(const Fixture& fixture) {
  fixture.expect_close("frames", each_frame(fixture, [&](const cv::Mat& frame, std::int64_t t) {
                         return jpeg_roundtrip(frame, fixture.input("quality")[t].item<int>(),
                                               fixture.config().at("jpeg_as_bgr"))
                             .frame;
                       }));
}

void check_quantise(const Fixture& fixture) {
  fixture.expect_close("frames", each_frame(fixture, [](const cv::Mat& frame, std::int64_t) {
                         return quantise(frame);
                       }));
  fixture.expect_close("network", each_frame(fixture, [](const cv::Mat& frame, std::int64_t) {
                         return to_network(quantise(frame));
                       }));
}

void check_usm(const Fixture& fixture) {
  const auto& config = fixture.config();
  const UnsharpMask mask{true, config.at("ksize"), config.at("sigma"), config.at("weight"),
                         config.at("threshold")};
  fixture.expect_close("frames", each_frame(fixture, [&](const cv::Mat& frame, std::int64_t) {
                         return sharpen(frame, mask);
                       }));
}

void check_pad_even(const Fixture& fixture) {
  fixture.expect_close("frame", to_tensor(pad_even(to_mat(fixture.input("frame")))));
}

void check_degrade_ops(const Fixture& fixture) {
  static const std::map<std::string, AreaCheck> checks{{"blur", &check_blur},
                                                       {"resize", &check_resize},
                                                       {"resize_sequence", &check_resize_sequence},
                                                       {"resize_size", &check_resize_size},
                                                       {"gaussian_noise", &check_gaussian},
                                                       {"poisson_noise", &check_poisson},
                                                       {"jpeg", &check_jpeg},
                                                       {"quantise", &check_quantise},
                                                       {"usm", &check_usm},
                                                       {"pad_even", &check_pad_even}};
  const std::string op = fixture.config().at("op");
  const auto found = checks.find(op);
  ASSERT_NE(found, checks.end()) << "no operator " << op;
  found->second(fixture);
}

const AreaRegistration registration("degrade_ops", &check_degrade_ops);

}  // namespace
}  // namespace oasis::golden
