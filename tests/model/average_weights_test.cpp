#include "oasis/model/average_weights.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/core/error.h"

namespace oasis::model {
namespace {

using checkpoint::StateDict;

TEST(AverageWeights, IsTheMeanInTheDtypesOfTheFirst) {
  const StateDict one = {{"a", torch::tensor({1.0F, -2.0F})},
                         {"b", torch::tensor({0.5F}).to(torch::kBFloat16)}};
  const StateDict two = {{"a", torch::tensor({2.0F, 4.0F})}, {"b", torch::tensor({1.5F})}};
  const StateDict three = {{"a", torch::tensor({6.0F, 1.0F})}, {"b", torch::tensor({4.0F})}};
  const StateDict mean = average_weights({one, two, three});
  ASSERT_EQ(mean.size(), 2U);
  EXPECT_TRUE(mean.at("a").equal(torch::tensor({3.0F, 1.0F})));
  EXPECT_TRUE(mean.at("b").equal(torch::tensor({2.0F}).to(torch::kBFloat16)));
}

TEST(AverageWeights, OfOneAreTheseAndTheyAreLeftAlone) {
  const StateDict one = {{"a", torch::randn({3, 4})}};
  const at::Tensor before = one.at("a").clone();
  const at::Tensor mean = average_weights({one}).at("a");
  EXPECT_TRUE(mean.equal(before));
  EXPECT_FALSE(mean.is_alias_of(one.at("a")));
  EXPECT_TRUE(one.at("a").equal(before));
}

TEST(AverageWeights, KeepsWhatIsNoFloatingPointIfItIsTheSame) {
  const StateDict one = {{"steps", torch::tensor({7})}};
  EXPECT_TRUE(average_weights({one, one}).at("steps").equal(torch::tensor({7})));
  EXPECT_THROW(average_weights({one, {{"steps", torch::tensor({8})}}}), Error);
}

TEST(AverageWeights, RefusesOtherNamesAndShapes) {
  const StateDict one = {{"a", torch::zeros({2})}};
  EXPECT_THROW(average_weights({}), Error);
  EXPECT_THROW(average_weights({one, {{"b", torch::zeros({2})}}}), Error);
  EXPECT_THROW(average_weights({one, {{"a", torch::zeros({1})}}}), Error);
  EXPECT_THROW(average_weights({one, {{"a", torch::zeros({2})}, {"b", torch::zeros({2})}}}), Error);
}

}  // namespace
}  // namespace oasis::model
