#include "oasis/nn/routed_attention.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "registry.h"

// Attention with one kind per head, forward and backward, against the dense masked softmax.

namespace oasis::golden {
namespace {

/// `[heads, N, D]` as the attention takes it: `[1, N, heads, D]`.
at::Tensor to_tokens(const at::Tensor& x) { return x.transpose(0, 1).contiguous().unsqueeze(0); }

at::Tensor to_heads(const at::Tensor& x) { return x.squeeze(0).transpose(0, 1); }

void check_routed_attention(const Fixture& fixture) {
  const auto& c = fixture.config();
  const TokenGrid grid{c.at("grid")[0], c.at("grid")[1], c.at("grid")[2]};
  const nn::AttentionWindow window{c.at("window")[0], c.at("window")[1], c.at("window")[2]};
  std::vector<nn::HeadKind> kinds;
  for (const auto& name : c.at("head_types")) {
    kinds.push_back(nn::head_kind_from(name.get<std::string>()));
  }
  const auto leaf = [&](const char* name) {
    return to_tokens(fixture.input(name)).requires_grad_();
  };
  const auto q = leaf("q"), k = leaf("k"), v = leaf("v");
  const auto o = nn::routed_attention(q, k, v, grid, kinds, window);
  fixture.expect_close("o", to_heads(o.detach()));
  o.backward(to_tokens(fixture.input("do")));
  fixture.expect_close("dq", to_heads(q.grad()));
  fixture.expect_close("dk", to_heads(k.grad()));
  fixture.expect_close("dv", to_heads(v.grad()));
}

const AreaRegistration registration("routed_attention", &check_routed_attention);

}  // namespace
}  // namespace oasis::golden
