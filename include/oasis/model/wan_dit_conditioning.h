#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <utility>

#include "oasis/model/wan_dit_config.h"
#include "oasis/nn/linear.h"

/// The paths of the transformer that do not see the video: the time and the text.
namespace oasis::model {

/// [cos(t w_0), ..., sin(t w_0), ...] with w_i = 10000^(-2i / length): float64, `[length]`.
at::Tensor time_sinusoid(double t, std::int64_t length);

/// Two linear layers with an activation between, named "0" and "2" as in the official checkpoint
/// (the activation is "1").
class TwoLayerPerceptron : public torch::nn::Module {
 public:
  enum class Activation { silu, gelu_tanh };

  TwoLayerPerceptron(std::int64_t in, std::int64_t hidden, std::int64_t out, Activation activation,
                     const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& x) const;

  nn::Linear first{nullptr};
  nn::Linear second{nullptr};

 private:
  Activation activation_;
};

/// The rows that cross-attention sees. Equal rows stand once, with the logarithm of their number.
struct ContextRows {
  at::Tensor rows;        ///< [R, dim], after the text MLP; the padding row, if any, is the last
  at::Tensor log_counts;  ///< [R]
};

/// Applies the text MLP to `context` `[n, text_dim]`, 0 <= n <= text_len, padded with zeros to
/// text_len rows. The padding rows are equal before and after the MLP, so they are one row with
/// the weight ln(text_len - n): softmax over it is exactly softmax over its copies, gradients
/// included. `dtype` is that of the products and of the result. Throws `oasis::Error` if the shape
/// does not fit.
ContextRows embed_context(const TwoLayerPerceptron& text_embedding, const at::Tensor& context,
                          const WanDitConfig& config, at::ScalarType dtype);

}  // namespace oasis::model
