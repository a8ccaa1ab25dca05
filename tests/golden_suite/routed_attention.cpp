#include "oasis/nn/routed_attention.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "oasis/nn/reference_attention.h"
#include "oasis/nn/window_attention.h"
#include "registry.h"

// Attention with one kind per head, forward and backward, against the dense masked softmax; the
// same for the project's own dense reference.

namespace oasis::golden {
namespace {

/// `[heads, N, D]` as the attention takes it: `[1, N, heads, D]`.
at::Tensor to_tokens(const at::Tensor& x) { return x.transpose(0, 1).contiguous().unsqueeze(0); }

at::Tensor to_heads(const at::Tensor& x) { return x.squeeze(0).transpose(0, 1); }

struct Case {
  TokenGrid grid;
  nn::AttentionWindow window;
  std::vector<nn::HeadKind> kinds;
};

Case read_case(const nlohmann::json& c) {
  Case result{{c.at("grid")[0], c.at("grid")[1], c.at("grid")[2]},
              {c.at("window")[0], c.at("window")[1], c.at("window")[2]},
              {}};
  for (const auto& name : c.at("head_types")) {
    result.kinds.push_back(nn::head_kind_from(name.get<std::string>()));
  }
  return result;
}

/// The outputs o, dq, dk and dv of `attend(q, k, v)` in `type`.
template <class Attend>
void expect_outputs(const Fixture& fixture, at::ScalarType type, const Attend& attend) {
  const auto leaf = [&](const char* name) {
    return to_tokens(fixture.input(name)).to(type).requires_grad_();
  };
  const auto single = [](const at::Tensor& x) { return to_heads(x).to(at::kFloat); };
  const auto q = leaf("q"), k = leaf("k"), v = leaf("v");
  const at::Tensor o = attend(q, k, v);
  fixture.expect_close("o", single(o.detach()));
  o.backward(to_tokens(fixture.input("do")).to(type));
  fixture.expect_close("dq", single(q.grad()));
  fixture.expect_close("dk", single(k.grad()));
  fixture.expect_close("dv", single(v.grad()));
}

void check_routed_attention(const Fixture& fixture) {
  const auto [grid, window, kinds] = read_case(fixture.config());
  const auto input = [&](const char* name) { return to_tokens(fixture.input(name)); };
  const double dim = fixture.config().at("head_dim");
  EXPECT_NEAR(fixture.config().at("scale").get<double>(), 1 / std::sqrt(dim), 1e-12);
  expect_outputs(fixture, at::kFloat, [&](const auto& q, const auto& k, const auto& v) {
    return nn::routed_attention(q, k, v, grid, kinds, window);
  });
  expect_outputs(fixture, at::kDouble, [&](const auto& q, const auto& k, const auto& v) {
    return nn::reference_attention(q, k, v, grid, kinds, window).out;
  });
  if (!fixture.has("output.lse")) return;
  const auto forward =
      nn::window_attention_forward(input("q"), input("k"), input("v"), grid, window);
  fixture.expect_close("lse", forward.lse.squeeze(0));
}

const AreaRegistration registration("routed_attention", &check_routed_attention);

}  // namespace
}  // namespace oasis::golden
