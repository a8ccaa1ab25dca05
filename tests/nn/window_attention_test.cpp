#include "oasis/nn/window_attention.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "../../src/nn/window_attention_cpu.h"
#include "oasis/core/error.h"
#include "oasis/nn/reference_attention.h"

namespace oasis::nn {
namespace {

using window_cpu::InstructionSet;

/// q, k, v and the gradient of the result `[batch, N, heads, dim]`.
struct Inputs {
  at::Tensor q, k, v, grad;

  Inputs(const TokenGrid& grid, std::int64_t batch, std::int64_t heads, std::int64_t dim,
         at::ScalarType type, double spread = 1) {
    const auto make = [&](double factor) {
      return (torch::randn({batch, grid.count(), heads, dim}, at::kDouble) * factor).to(type);
    };
    q = make(spread);
    k = make(spread);
    v = make(1);
    grad = make(1);
  }
};

struct Outputs {
  at::Tensor out, lse, dq, dk, dv;

  std::vector<at::Tensor> all() const { return {out, lse, dq, dk, dv}; }
};

Outputs by_kernels(const Inputs& in, const TokenGrid& grid, const AttentionWindow& window,
                   InstructionSet isa) {
  const auto forward = window_cpu::forward(in.q, in.k, in.v, grid, window, isa);
  const auto back = window_cpu::backward(in.grad, in.q, in.k, in.v, forward, grid, window, isa);
  return {forward.out, forward.lse, back.dq, back.dk, back.dv};
}

Outputs by_definition(const Inputs& in, const TokenGrid& grid, const AttentionWindow& window) {
  const auto leaf = [](const at::Tensor& x) { return x.to(at::kDouble).clone().requires_grad_(); };
  const auto q = leaf(in.q), k = leaf(in.k), v = leaf(in.v);
  const std::vector<HeadKind> kinds(static_cast<std::size_t>(q.size(2)), HeadKind::window);
  const auto result = reference_attention(q, k, v, grid, kinds, window);
  result.out.backward(in.grad.to(at::kDouble));
  return {result.out.detach(), result.lse.detach(), q.grad(), k.grad(), v.grad()};
}

double worst(const Outputs& a, const Outputs& b) {
  double most = 0;
  const auto x = a.all(), y = b.all();
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(x[i].sizes(), y[i].sizes());
    most = std::max(most, (x[i].to(at::kDouble) - y[i]).abs().max().item<double>());
  }
  return most;
}

std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> sets = {InstructionSet::baseline};
  for (const auto isa : {InstructionSet::avx2, InstructionSet::avx512}) {
    if (isa <= window_cpu::best_instruction_set()) sets.push_back(isa);
  }
  return sets;
}

struct Case {
  TokenGrid grid;
  AttentionWindow window;
  std::int64_t dim;
};

class WindowAttention : public ::testing::TestWithParam<Case> {};

TEST_P(WindowAttention, EqualsTheDefinitionWithItsGradients) {
  torch::manual_seed(2);
  const auto& [grid, window, dim] = GetParam();
  const Inputs exact(grid, 2, 2, dim, at::kDouble, 1.5), single(grid, 2, 2, dim, at::kFloat, 1.5);
  const auto exact_result = by_definition(exact, grid, window);
  const auto single_result = by_definition(single, grid, window);
  for (const auto isa : instruction_sets()) {
    EXPECT_LT(worst(by_kernels(exact, grid, window, isa), exact_result), 1e-11);
    EXPECT_LT(worst(by_kernels(single, grid, window, isa), single_result), 2e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Grids, WindowAttention,
    ::testing::Values(Case{{1, 1, 1}, {}, 8}, Case{{1, 3, 5}, {}, 8}, Case{{2, 4, 4}, {}, 6},
                      Case{{3, 7, 9}, {}, 16}, Case{{3, 7, 9}, {5, 3, 7}, 5},
                      Case{{1, 1, 40}, {1, 1, 11}, 7}, Case{{7, 2, 1}, {5, 5, 5}, 4},
                      Case{{2, 3, 33}, {3, 5, 99}, 8}, Case{{2, 6, 17}, {1, 13, 3}, 33},
                      Case{{4, 6, 16}, {3, 3, 3}, 1}, Case{{3, 11, 7}, {1, 1, 1}, 8},
                      Case{{2, 3, 4}, {101, 77, 55}, 8}));

// Uniform logits hide errors of the mask: the logits here are large, and the values say which key
// was taken.
TEST(WindowAttentionMask, SharpLogitsTakeTheRightKey) {
  torch::manual_seed(3);
  const TokenGrid grid{3, 6, 19};
  Inputs in(grid, 1, 1, 32, at::kFloat, 3);
  in.v = torch::arange(grid.count(), at::kFloat).view({1, -1, 1, 1}).expand_as(in.q).contiguous();
  const auto expected = by_definition(in, grid, {}).out;
  const auto out = window_attention(in.q, in.k, in.v, grid, {});
  EXPECT_LT((out - expected).abs().max().item<double>(), 2e-3);
}

TEST(WindowAttentionMask, FarAwayLogitsStayFinite) {
  torch::manual_seed(4);
  const TokenGrid grid{1, 3, 4};
  Inputs in(grid, 1, 1, 8, at::kFloat, 40);
  const auto kernels = by_kernels(in, grid, {}, window_cpu::best_instruction_set());
  for (const auto& x : kernels.all()) EXPECT_TRUE(x.isfinite().all().item<bool>());
  EXPECT_LT((kernels.out - by_definition(in, grid, {}).out).abs().max().item<double>(), 1e-3);
}

TEST(WindowAttentionGradient, PassesGradcheck) {
  torch::manual_seed(5);
  const TokenGrid grid{2, 3, 4};
  const AttentionWindow window{3, 3, 5};
  const Inputs in(grid, 1, 2, 8, at::kDouble);
  std::vector<at::Tensor> leaves = {in.q, in.k, in.v};
  for (auto& leaf : leaves) leaf.requires_grad_();
  const auto value = [&] {
    return (window_attention(leaves[0], leaves[1], leaves[2], grid, window) * in.grad).sum();
  };
  value().backward();
  constexpr double step = 1e-6;
  const at::NoGradGuard no_gradients;
  for (const auto& leaf : leaves) {
    auto flat = leaf.detach().view({-1});
    const auto gradient = leaf.grad().reshape({-1});
    for (std::int64_t i = 0; i < flat.numel(); i += 19) {
      flat[i] += step;
      const auto above = value().item<double>();
      flat[i] -= 2 * step;
      const auto below = value().item<double>();
      flat[i] += step;
      EXPECT_NEAR(gradient[i].item<double>(), (above - below) / (2 * step), 1e-7);
    }
  }
}

TEST(WindowAttentionGradient, HasNoSecondDerivative) {
  const TokenGrid grid{1, 2, 2};
  const auto q = torch::randn({1, 4, 1, 4}).requires_grad_();
  const auto out = window_attention(q, q, q, grid, {}).sum();
  EXPECT_ANY_THROW(torch::autograd::grad({out}, {q}, {}, true, true));
}

TEST(WindowAttentionLayout, TakesHeadsOfAPackedTensor) {
  torch::manual_seed(6);
  const TokenGrid grid{2, 4, 18};
  const auto packed = torch::randn({2, grid.count(), 3, 5, 8});
  const auto part = [&](std::int64_t i) { return packed.select(2, i).narrow(2, 1, 3); };
  const auto whole = [&](std::int64_t i) { return part(i).contiguous(); };
  EXPECT_TRUE(window_attention(part(0), part(1), part(2), grid, {})
                  .equal(window_attention(whole(0), whole(1), whole(2), grid, {})));
  const auto turned = part(0).transpose(1, 3).contiguous().transpose(1, 3);
  EXPECT_NE(turned.stride(-1), 1);
  EXPECT_TRUE(window_attention(turned, part(1), part(2), grid, {})
                  .equal(window_attention(part(0), part(1), part(2), grid, {})));
}

TEST(WindowAttentionLayout, ResultsDoNotDependOnTheThreads) {
  torch::manual_seed(7);
  const TokenGrid grid{5, 11, 20};
  const Inputs in(grid, 1, 2, 16, at::kFloat);
  const auto before = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = by_kernels(in, grid, {}, window_cpu::best_instruction_set()).all();
  at::set_num_threads(3);
  const auto three = by_kernels(in, grid, {}, window_cpu::best_instruction_set()).all();
  at::set_num_threads(before);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(one[i].equal(three[i])) << i;
}

// Half types are read and written as such and computed in float: the error is that of rounding the
// results, and gradients see the rounded forward result.
TEST(WindowAttentionLayout, HalfTypesLoseOnlyTheirRounding) {
  torch::manual_seed(8);
  const TokenGrid grid{2, 5, 17};
  for (const auto type : {at::kBFloat16, at::kHalf}) {
    const Inputs in(grid, 1, 2, 16, type);
    const auto expected = by_definition(in, grid, {});
    const auto step = type == at::kHalf ? 0x1p-11 : 0x1p-8;
    for (const auto isa : instruction_sets()) {
      const auto result = by_kernels(in, grid, {}, isa);
      EXPECT_EQ(result.out.scalar_type(), type);
      EXPECT_EQ(result.lse.scalar_type(), at::kFloat);
      EXPECT_TRUE(torch::allclose(result.out.to(at::kDouble), expected.out, step, 1e-5));
      EXPECT_TRUE(torch::allclose(result.dv.to(at::kDouble), expected.dv, step, 1e-5));
      EXPECT_LT((result.dq.to(at::kDouble) - expected.dq).abs().max().item<double>(), 12 * step);
      EXPECT_LT((result.dk.to(at::kDouble) - expected.dk).abs().max().item<double>(), 12 * step);
    }
  }
}

TEST(MaskedWindowAttention, EqualsTheKernels) {
  torch::manual_seed(9);
  for (const auto& window :
       {AttentionWindow{}, AttentionWindow{1, 3, 7}, AttentionWindow{9, 9, 99}}) {
    const TokenGrid grid{3, 9, 11};
    const Inputs in(grid, 2, 2, 8, at::kDouble);
    const auto a = window_attention(in.q, in.k, in.v, grid, window);
    const auto b = masked_window_attention(in.q, in.k, in.v, grid, window);
    EXPECT_TRUE(torch::allclose(a, b, 1e-10, 1e-12));
  }
}

}  // namespace
}  // namespace oasis::nn
