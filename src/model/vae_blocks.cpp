#include <torch/types.h>

#include "model/vae_layers.h"

namespace oasis::model {

ResidualBlock::ResidualBlock(nn::ParameterStore& store, const std::string& name, std::int64_t in,
                             std::int64_t out)
    : norm_a_(store, name + ".residual.0.gamma", in),
      conv_a_(store, name + ".residual.2", in, out, 3, 3),
      norm_b_(store, name + ".residual.3.gamma", out),
      conv_b_(store, name + ".residual.6", out, out, 3, 3) {
  if (in != out) {
    shortcut_weight_ = store.add(name + ".shortcut.weight", {out, in, 1, 1, 1});
    shortcut_bias_ = store.add(name + ".shortcut.bias", {out});
  }
}

at::Tensor ResidualBlock::forward(const at::Tensor& x, CausalStream& stream) const {
  at::Tensor y = conv_a_.forward(x, stream, &norm_a_);
  y = conv_b_.forward(y, stream, &norm_b_);
  const at::Tensor shortcut =
      shortcut_weight_.defined() ? pointwise(x, shortcut_weight_, shortcut_bias_) : x;
  return y.requires_grad() ? y + shortcut : y.add_(shortcut);
}

FrameAttention::FrameAttention(nn::ParameterStore& store, const std::string& name,
                               std::int64_t channels)
    : gamma_(store.add(name + ".norm.gamma", {channels, 1, 1})),
      qkv_weight_(store.add(name + ".to_qkv.weight", {3 * channels, channels, 1, 1})),
      qkv_bias_(store.add(name + ".to_qkv.bias", {3 * channels})),
      proj_weight_(store.add(name + ".proj.weight", {channels, channels, 1, 1})),
      proj_bias_(store.add(name + ".proj.bias", {channels})) {}

at::Tensor FrameAttention::forward(const at::Tensor& x) const {
  const std::int64_t channels = x.size(1);
  const at::Tensor frames = to_frames(x);
  const at::Tensor tokens = rms_norm_channels(frames, gamma_).flatten(2).transpose(1, 2);
  const at::Tensor qkv =
      at::linear(tokens, qkv_weight_.view({3 * channels, channels}), qkv_bias_).unsqueeze(1);
  const auto parts = qkv.chunk(3, -1);
  const at::Tensor mixed =
      at::scaled_dot_product_attention(parts[0], parts[1], parts[2]).squeeze(1);
  const at::Tensor out = at::linear(mixed, proj_weight_.view({channels, channels}), proj_bias_);
  return x + from_frames(out.transpose(1, 2).reshape_as(frames), x.size(0));
}

}  // namespace oasis::model
