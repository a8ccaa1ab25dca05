#include "oasis/nn/dense_attention.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "../../src/nn/dense_attention_cpu.h"
#include "oasis/nn/recompute.h"
#include "oasis/nn/routed_attention.h"

namespace oasis::nn {
namespace {

using dense_cpu::InstructionSet;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The number of threads while it lives.
class Threads {
 public:
  explicit Threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }

 private:
  int before_;
};

struct Inputs {
  at::Tensor q, k, v;

  Inputs to(at::ScalarType type) const { return {q.to(type), k.to(type), v.to(type)}; }
};

/// q `[batch, queries, heads, dim]`, k and v with `keys` tokens, all in double.
Inputs random_inputs(std::int64_t batch, std::int64_t queries, std::int64_t keys,
                     std::int64_t heads, std::int64_t dim, double spread = 1.5) {
  const auto make = [&](std::int64_t tokens, double factor) {
    return torch::randn({batch, tokens, heads, dim}, at::kDouble) * factor;
  };
  return {make(queries, spread), make(keys, spread), make(keys, 1)};
}

at::Tensor by_definition(const Inputs& in) {
  const auto by_head = [](const at::Tensor& x) { return x.to(at::kDouble).transpose(1, 2); };
  const auto logits = at::matmul(by_head(in.q), by_head(in.k).transpose(2, 3)) /
                      std::sqrt(static_cast<double>(in.q.size(3)));
  return at::matmul(logits.softmax(3), by_head(in.v)).transpose(1, 2);
}

/// The kernels of this machine for a data type.
std::vector<InstructionSet> kernels(at::ScalarType type) {
  const auto best = dense_cpu::best_instruction_set(type);
  if (!best) return {};
  if (*best == InstructionSet::avx512) return {InstructionSet::avx2, InstructionSet::avx512};
  if (*best == InstructionSet::amx_bf16) return {InstructionSet::avx512_bf16, *best};
  return {*best};
}

at::Tensor by_kernel(const Inputs& in, InstructionSet isa) {
  return dense_cpu::forward(in.q, in.k, in.v, isa);
}

/// Results in float of every kernel against the definition on the same numbers.
void expect_exact(const Inputs& in, double tolerance) {
  const auto expected = by_definition(in);
  for (const auto isa : kernels(at::kFloat)) {
    const auto out = by_kernel(in, isa);
    ASSERT_EQ(out.sizes(), in.q.sizes());
    EXPECT_LT((out.to(at::kDouble) - expected).abs().max().item<double>(), tolerance)
        << in.q.size(1) << " queries, " << in.k.size(1) << " keys, dim " << in.q.size(3);
  }
}

/// In bfloat16 every weight may be off by half a step of its 8 bits (2^-8), and the result once
/// more.
void expect_rounded(const Inputs& in) {
  const auto expected = by_definition(in);
  const auto most = by_definition({in.q, in.k, in.v.abs()}) * 0x1p-8 + expected.abs() * 0x1p-8;
  for (const auto isa : kernels(at::kBFloat16)) {
    const auto out = by_kernel(in, isa);
    ASSERT_EQ(out.sizes(), in.q.sizes());
    ASSERT_EQ(out.scalar_type(), at::kBFloat16);
    const auto excess = (out.to(at::kDouble) - expected).abs() - most * 1.01;
    EXPECT_LT(excess.max().item<double>(), 1e-5)
        << in.q.size(1) << " queries, " << in.k.size(1) << " keys, dim " << in.q.size(3);
  }
}

class DenseAttention : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(DenseAttention, EqualsTheDefinition) {
  torch::manual_seed(2);
  const Threads one(1);
  for (const auto& [queries, keys] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{97, 97}, {5, 130}}) {
    const auto in = random_inputs(2, queries, keys, 2, GetParam());
    expect_exact(in.to(at::kFloat), 1e-5);
    if (GetParam() % 16 == 0) expect_rounded(in.to(at::kBFloat16));
  }
}

INSTANTIATE_TEST_SUITE_P(Dims, DenseAttention, ::testing::Values(8, 16, 32, 48, 64, 128));

TEST(DenseAttentionTokens, AnyCountIsServed) {
  torch::manual_seed(3);
  const Threads one(1);
  for (std::int64_t tokens = 1; tokens <= 70; ++tokens) {
    const auto in = random_inputs(1, tokens, tokens, 2, 16);
    expect_exact(in.to(at::kFloat), 1e-5);
    expect_rounded(in.to(at::kBFloat16));
  }
}

// Keys that fill up a block must not count; with all logits far below 0 they would win.
TEST(DenseAttentionTokens, AbsentKeysDoNotCount) {
  torch::manual_seed(4);
  for (const std::int64_t keys : {1, 7, 9, 65}) {
    auto in = random_inputs(1, 3, keys, 1, 16, 0.3);
    in.q += 8;
    in.k -= 8;
    expect_exact(in.to(at::kFloat), 2e-5);
    expect_rounded(in.to(at::kBFloat16));
  }
}

TEST(DenseAttentionLogits, WideSpreadStaysExact) {
  torch::manual_seed(5);
  const auto in = random_inputs(1, 64, 150, 1, 32, 5.5);
  const auto logits = at::matmul(in.q.transpose(1, 2), in.k.transpose(1, 2).transpose(2, 3));
  ASSERT_GT(logits.abs().max().item<double>() / std::sqrt(32.0), 80);
  expect_exact(in.to(at::kFloat), 3e-5);
  expect_rounded(in.to(at::kBFloat16));
}

// The greatest logit comes last and dwarfs all before it, and the other way round.
TEST(DenseAttentionLogits, LaterKeysMayDwarfEarlierOnes) {
  torch::manual_seed(6);
  for (const bool rising : {true, false}) {
    auto in = random_inputs(1, 20, 300, 1, 16, 1);
    const auto ramp = torch::linspace(rising ? -40 : 40, rising ? 40 : -40, 300, at::kDouble);
    in.q.select(3, 0).fill_(8);
    in.k.select(3, 0).copy_(ramp.view({1, 300, 1}));
    expect_exact(in.to(at::kFloat), 3e-5);
    expect_rounded(in.to(at::kBFloat16));
  }
}

TEST(DenseAttentionLogits, HugeOnesTakeOneKey) {
  torch::manual_seed(7);
  const auto in = random_inputs(1, 50, 100, 1, 32, 1e15);
  expect_exact(in.to(at::kFloat), 1e-6);
}

bool same(const at::Tensor& a, const at::Tensor& b) {
  return torch::allclose(a, b, 1e-5, 1e-5, /*equal_nan=*/true);
}

// Of 70 keys, `count` have a logit of -infinity for every query; NaN where it is all of them.
TEST(DenseAttentionLogits, InfinitelyLowOnesDoNotCount) {
  torch::manual_seed(8);
  for (const std::int64_t count : {1, 64, 66, 70}) {
    auto in = random_inputs(1, 50, 70, 1, 32);
    in.q.select(3, 5).fill_(1);
    in.k.narrow(1, 0, count).select(3, 5).fill_(-kInfinity);
    const auto single = in.to(at::kFloat);
    const auto expected = by_definition(single);
    ASSERT_EQ(expected.isnan().all().item<bool>(), count == 70);
    for (const auto isa : kernels(at::kFloat)) {
      EXPECT_TRUE(same(by_kernel(single, isa).to(at::kDouble), expected)) << count;
    }
  }
}

TEST(DenseAttentionLogits, NanStaysWithItsQuery) {
  torch::manual_seed(9);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const double bad : {std::nan(""), kInfinity}) {
      const auto clean = random_inputs(1, 60, 70, 2, 32).to(type);
      auto dirty = clean;
      dirty.q = clean.q.clone();
      dirty.q[0][17][1].fill_(bad);
      for (const auto isa : kernels(type)) {
        const auto expected = by_kernel(clean, isa);
        const auto out = by_kernel(dirty, isa);
        EXPECT_TRUE(out[0][17][1].isnan().all().item<bool>());
        out[0][17][1].copy_(expected[0][17][1]);
        EXPECT_TRUE(out.equal(expected));
      }
    }
  }
}

TEST(DenseAttentionLogits, NanOfAKeyOrAValueIsNotLost) {
  torch::manual_seed(10);
  const auto all_bits = std::bit_cast<double>(std::uint64_t{0x7fffffffffffffff});  // as of CUDA
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const double bad : {std::nan(""), all_bits}) {
      const auto clean = random_inputs(1, 60, 70, 1, 32).to(type);
      auto key = clean, value = clean;
      key.k = clean.k.clone();
      key.k[0][66][0][3].fill_(bad);
      value.v = clean.v.clone();
      value.v[0][66][0][3].fill_(bad);
      for (const auto isa : kernels(type)) {
        EXPECT_TRUE(by_kernel(key, isa).isnan().all().item<bool>());
        const auto lost = by_kernel(value, isa).isnan();
        EXPECT_TRUE(lost.select(3, 3).all().item<bool>());
        EXPECT_EQ(lost.sum().item<std::int64_t>(), 60);
      }
    }
  }
}

TEST(DenseAttentionLayout, TakesAnyStrides) {
  const at::NoGradGuard no_gradients;
  torch::manual_seed(11);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const auto packed = torch::randn({2, 75, 3, 5, 33}).to(type);
    const auto part = [&](std::int64_t i, std::int64_t channel) {
      return packed.select(2, i).narrow(2, 1, 3).narrow(3, channel, 32);
    };
    const auto whole =
        dense_attention(part(0, 0).contiguous(), part(1, 0).contiguous(), part(2, 1).contiguous());
    EXPECT_TRUE(whole.is_contiguous());
    EXPECT_TRUE(dense_attention(part(0, 0), part(1, 0), part(2, 1)).equal(whole));
    const auto turned = [&](std::int64_t i, std::int64_t channel, int axis) {
      return part(i, channel).transpose(1, axis).contiguous().transpose(1, axis);
    };
    EXPECT_TRUE(dense_attention(turned(0, 0, 2), turned(1, 0, 3), turned(2, 1, 2)).equal(whole));
  }
}

TEST(DenseAttentionLayout, ResultsDoNotDependOnTheThreads) {
  const at::NoGradGuard no_gradients;
  torch::manual_seed(12);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const auto in = random_inputs(2, 500, 300, 5, 16).to(type);
    const auto with = [&](int count) {
      const Threads threads(count);
      return dense_attention(in.q, in.k, in.v);
    };
    EXPECT_TRUE(with(1).equal(with(3)));
  }
}

TEST(DenseAttentionChoice, TakesTheKernelOnlyWithGradientsOff) {
  torch::manual_seed(13);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const auto best = dense_cpu::best_instruction_set(type);
    if (!best) continue;
    auto in = random_inputs(1, 40, 40, 2, 32).to(type);
    const auto kernel = by_kernel(in, *best);
    in.v.requires_grad_();
    const auto recorded = dense_attention(in.q, in.k, in.v);
    ASSERT_TRUE(recorded.requires_grad());
    recorded.sum().backward();
    // Weights add up to 1: the gradient of all results is spread over the values in whole.
    EXPECT_NEAR(in.v.grad().sum().item<double>(), 40 * 2 * 32, type == at::kFloat ? 1e-2 : 20);
    const at::NoGradGuard no_gradients;
    EXPECT_TRUE(dense_attention(in.q, in.k, in.v).equal(kernel));
  }
}

TEST(DenseAttentionChoice, IsOneForBothRunsOfARecomputation) {
  torch::manual_seed(16);
  const auto in = random_inputs(1, 40, 40, 2, 32).to(at::kFloat);
  const auto weight = torch::ones({32}).requires_grad_();
  std::vector<at::Tensor> seen;
  const auto part = [&](const std::vector<at::Tensor>& x) {
    seen.push_back(dense_attention(x[0], in.k, in.v).detach());
    return seen.back() * weight;
  };
  recompute(part, {in.q}, {weight}).sum().backward();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[0].equal(seen[1]));
  EXPECT_TRUE(seen[0].equal(dense_attention(in.q, in.k, in.v)));
}

TEST(DenseAttentionChoice, LeavesTheRestToTheFramework) {
  torch::manual_seed(14);
  for (const auto& [type, dim] : std::vector<std::pair<at::ScalarType, std::int64_t>>{
           {at::kDouble, 16}, {at::kHalf, 16}, {at::kFloat, 12}, {at::kBFloat16, 8}}) {
    const auto in = random_inputs(1, 30, 30, 2, dim).to(type);
    const auto out = dense_attention(in.q, in.k, in.v);
    EXPECT_EQ(out.scalar_type(), type);
    EXPECT_LT((out.to(at::kDouble) - by_definition(in)).abs().max().item<double>(), 0.03);
  }
}

TEST(DenseAttentionChoice, ServesGlobalAndIntraFrameHeads) {
  const at::NoGradGuard no_gradients;
  torch::manual_seed(15);
  const TokenGrid grid{3, 4, 6};
  const auto in = random_inputs(1, grid.count(), grid.count(), 3, 32).to(at::kFloat);
  const auto out = routed_attention(in.q, in.k, in.v, grid,
                                    {HeadKind::global, HeadKind::intra, HeadKind::intra}, {});
  const auto heads = [](const at::Tensor& x, std::int64_t first, std::int64_t count) {
    return x.narrow(2, first, count);
  };
  EXPECT_TRUE(heads(out, 0, 1).equal(
      dense_attention(heads(in.q, 0, 1), heads(in.k, 0, 1), heads(in.v, 0, 1))));
  const auto frame = [&](const at::Tensor& x) {
    return heads(x, 1, 2).narrow(1, grid.per_frame(), grid.per_frame());
  };
  EXPECT_TRUE(frame(out).equal(dense_attention(frame(in.q), frame(in.k), frame(in.v))));
}

}  // namespace
}  // namespace oasis::nn
