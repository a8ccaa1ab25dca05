#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <vector>

#include "frame_tensor.h"
#include "oasis/degrade/matlab_resize.h"
#include "registry.h"

namespace oasis::golden {
namespace {

// The operators of LibTorch that the baselines and the colour reference use.
at::Tensor torch_resize(const at::Tensor& x, const nlohmann::json& config) {
  const auto size = config.at("size").get<std::vector<std::int64_t>>();
  const bool align_corners = config.at("align_corners");
  const bool cubic = config.at("mode") == "bicubic";
  EXPECT_TRUE(cubic || config.at("mode") == "bilinear");
  if (config.at("antialias").get<bool>()) {
    return cubic ? at::_upsample_bicubic2d_aa(x, size, align_corners)
                 : at::_upsample_bilinear2d_aa(x, size, align_corners);
  }
  return cubic ? at::upsample_bicubic2d(x, size, align_corners)
               : at::upsample_bilinear2d(x, size, align_corners);
}

at::Tensor matlab_resize(const at::Tensor& x, const nlohmann::json& config) {
  std::vector<at::Tensor> pictures;
  for (const at::Tensor& picture : x.unbind(0)) {
    const cv::Mat result = degrade::matlab_resize(to_mat(picture.permute({1, 2, 0})),
                                                  config.at("scale"), config.at("antialias"));
    pictures.push_back(to_tensor(result).permute({2, 0, 1}));
  }
  return at::stack(pictures);
}

void check_resize(const Fixture& fixture) {
  const auto& config = fixture.config();
  const at::Tensor x = fixture.input("x");
  if (config.at("method") == "torch") {
    fixture.expect_close("y", torch_resize(x, config));
  } else {
    ASSERT_EQ(config.at("method"), "matlab");
    ASSERT_EQ(config.value("mode", "bicubic"), "bicubic");
    fixture.expect_close("y", matlab_resize(x, config));
  }
}

const AreaRegistration registration("resize", &check_resize);

}  // namespace
}  // namespace oasis::golden
