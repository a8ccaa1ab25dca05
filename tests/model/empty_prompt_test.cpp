#include "oasis/model/empty_prompt.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <map>

#include "hashed_values.h"
#include "oasis/core/error.h"

namespace oasis::model {
namespace {

const std::vector<double> kExpected = {-0.3597786, -0.5702077, 1.2362268, -1.2735465,
                                       0.4289110,  0.4173665,  1.2489633, -0.4148173};

/// The small encoder: width 8, inner width 12, 2 layers, 4 tokens.
std::map<std::string, at::Tensor> small_encoder() {
  std::map<std::string, at::Tensor> tensors;
  const auto add = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
    tensors[name] = testing::hashed_parameter(name, shape);
  };
  tensors["token_embedding.weight"] = testing::hashed_tensor("token_embedding.weight", {4, 8});
  for (const auto* block : {"blocks.0.", "blocks.1."}) {
    const std::string prefix = block;
    for (const auto* norm : {"norm1.weight", "norm2.weight"}) add(prefix + norm, {8});
    for (const auto* part : {"attn.v.weight", "attn.o.weight"}) add(prefix + part, {8, 8});
    for (const auto* part : {"ffn.gate.0.weight", "ffn.fc1.weight"}) add(prefix + part, {12, 8});
    add(prefix + "ffn.fc2.weight", {8, 12});
  }
  add("norm.weight", {8});
  return tensors;
}

TensorSource source_of(const std::map<std::string, at::Tensor>& tensors) {
  return [&tensors](const std::string& name) {
    const auto found = tensors.find(name);
    return found == tensors.end() ? at::Tensor() : found->second;
  };
}

void expect_specified(const at::Tensor& context) {
  ASSERT_EQ(context.sizes(), (std::vector<std::int64_t>{1, 8}));
  EXPECT_EQ(context.scalar_type(), at::kFloat);
  for (int i = 0; i < 8; ++i) {
    EXPECT_NEAR(context[0][i].item<double>(), kExpected[static_cast<std::size_t>(i)], 1e-5);
  }
}

TEST(EmptyPrompt, GivesTheSpecifiedNumbers) {
  const auto tensors = small_encoder();
  expect_specified(empty_prompt_context(source_of(tensors), T5Naming::official, 2));
}

TEST(EmptyPrompt, ReadsTheOtherNaming) {
  const std::map<std::string, std::string> names = {{"norm1", "layer.0.layer_norm"},
                                                    {"attn.v", "layer.0.SelfAttention.v"},
                                                    {"attn.o", "layer.0.SelfAttention.o"},
                                                    {"norm2", "layer.1.layer_norm"},
                                                    {"ffn.gate.0", "layer.1.DenseReluDense.wi_0"},
                                                    {"ffn.fc1", "layer.1.DenseReluDense.wi_1"},
                                                    {"ffn.fc2", "layer.1.DenseReluDense.wo"}};
  const auto official = small_encoder();
  std::map<std::string, at::Tensor> tensors;
  tensors["encoder.embed_tokens.weight"] = official.at("token_embedding.weight");
  tensors["encoder.final_layer_norm.weight"] = official.at("norm.weight");
  for (const auto* layer : {"0", "1"}) {
    for (const auto& [from, to] : names) {
      tensors[std::string("encoder.block.") + layer + "." + to + ".weight"] =
          official.at(std::string("blocks.") + layer + "." + from + ".weight");
    }
  }
  expect_specified(empty_prompt_context(source_of(tensors), T5Naming::transformers, 2));
}

TEST(EmptyPrompt, NamesWhatIsMissingOrMisshaped) {
  auto tensors = small_encoder();
  tensors.erase("blocks.1.attn.o.weight");
  try {
    empty_prompt_context(source_of(tensors), T5Naming::official, 2);
    FAIL() << "a missing tensor went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::unreadable_input);
    EXPECT_NE(std::string(error.what()).find("blocks.1.attn.o.weight"), std::string::npos);
  }
  tensors = small_encoder();
  tensors["blocks.0.ffn.fc2.weight"] = torch::zeros({8, 11});
  EXPECT_THROW(empty_prompt_context(source_of(tensors), T5Naming::official, 2), Error);
}

}  // namespace
}  // namespace oasis::model
