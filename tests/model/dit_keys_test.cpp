#include "oasis/model/dit_keys.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <set>

#include "oasis/core/error.h"

namespace oasis::model {
namespace {

/// A checkpoint of the right shapes without memory behind it.
checkpoint::StateDict shapes_only(const WanDitConfig& config) {
  checkpoint::StateDict tensors;
  for (const auto& [name, shape] : dit_shapes(config)) {
    tensors[name] = torch::empty({1}).expand(shape);
  }
  return tensors;
}

TEST(DitKeys, NamesArePairedOneToOne) {
  std::set<std::string> official, diffusers;
  for (const auto& key : dit_keys(30)) {
    official.insert(key.official);
    diffusers.insert(key.diffusers);
  }
  EXPECT_EQ(official.size(), 825U);
  EXPECT_EQ(diffusers.size(), 825U);
}

TEST(DitKeys, PublishedShapesAddUpToThePublishedCount) {
  std::int64_t values = 0;
  std::set<std::string> named;
  for (const auto& [name, shape] : dit_shapes(wan_1_3b())) {
    std::int64_t product = 1;
    for (const auto size : shape) product *= size;
    values += product;
    named.insert(name);
  }
  EXPECT_EQ(values, 1418996800);
  for (const auto& key : dit_keys(30)) EXPECT_EQ(named.count(key.official), 1U) << key.official;
}

TEST(DitKeys, RoundTripIsTheIdentity) {
  const auto tensors = shapes_only(wan_1_3b());
  const auto there = to_diffusers_dit(tensors);
  EXPECT_EQ(detect_dit_naming(there), DitNaming::diffusers);
  EXPECT_EQ(there.count("blocks.11.norm2.weight"), 1U);
  EXPECT_EQ(there.count("scale_shift_table"), 1U);
  const auto back = to_official_dit(there);
  ASSERT_EQ(back.size(), 825U);
  for (const auto& [name, tensor] : tensors) {
    ASSERT_EQ(back.count(name), 1U) << name;
    EXPECT_TRUE(back.at(name).is_same(tensor)) << name;
  }
}

TEST(DitKeys, StripsPrefixesAndKeepsUnknownNames) {
  checkpoint::StateDict tensors;
  for (const auto& [name, tensor] : shapes_only(wan_1_3b())) {
    tensors["model.diffusion_model." + name] = tensor;
  }
  tensors["model.diffusion_model.blocks.0.self_attn.norm_added_q.weight"] = torch::empty({1});
  tensors["model.diffusion_model.extra"] = torch::empty({1});
  const auto official = to_official_dit(tensors);
  EXPECT_EQ(official.size(), 826U);
  EXPECT_EQ(official.count("extra"), 1U);
  EXPECT_EQ(official.count("head.modulation"), 1U);
}

TEST(DitKeys, SizesAreReadFromTheTensors) {
  auto config = wan_1_3b();
  config.layers = 12;
  config.ffn_dim = 5000;
  config.in_channels = 32;
  EXPECT_EQ(infer_dit_config(shapes_only(config)), config);
  config.num_heads = 24;
  EXPECT_EQ(infer_dit_config(shapes_only(config), 24), config);
  config.dim = 96;
  config.num_heads = 2;
  EXPECT_THROW(infer_dit_config(shapes_only(config)), Error);
}

TEST(DitKeys, OtherModelsAreRefused) {
  auto tensors = shapes_only(wan_1_3b());
  tensors["vace_blocks.0.modulation"] = torch::empty({1});
  EXPECT_THROW(to_official_dit(tensors), Error);
  tensors = shapes_only(wan_1_3b());
  tensors["blocks.3.cross_attn.k_img.weight"] = torch::empty({1});
  EXPECT_THROW(to_official_dit(tensors), Error);
  auto wide = wan_1_3b();
  wide.in_channels = 36;
  EXPECT_THROW(to_official_dit(shapes_only(wide)), Error);
  EXPECT_THROW(to_official_dit({{"conv1.weight", torch::empty({1})}}), Error);
  EXPECT_THROW(infer_dit_config({{"patch_embedding.weight", torch::empty({4})}}), Error);
}

}  // namespace
}  // namespace oasis::model
