#include "oasis/nn/window_attention.h"

#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "nn/window_attention_cpu.h"
#include "oasis/core/error.h"
#ifdef OASIS_WITH_CUDA
#include "oasis/nn/window_attention_cuda.h"
#endif

namespace oasis::nn {
namespace {

std::vector<std::int64_t> numbers(const TokenGrid& grid, const AttentionWindow& window) {
  return {grid.frames, grid.rows, grid.cols, window.frames, window.rows, window.cols};
}

class WindowFunction : public torch::autograd::Function<WindowFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& q,
                            const at::Tensor& k, const at::Tensor& v, const TokenGrid& grid,
                            const AttentionWindow& window) {
    const auto result = window_attention_forward(q, k, v, grid, window);
    context->save_for_backward({q, k, v, result.out, result.lse});
    context->saved_data["grid_and_window"] = numbers(grid, window);
    return result.out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& grads) {
    if (at::GradMode::is_enabled()) {
      throw Error("window attention has no second derivative: call backward without create_graph");
    }
    const auto saved = context->get_saved_variables();
    const auto n = context->saved_data["grid_and_window"].toIntVector();
    const auto gradients =
        window_attention_backward(grads[0], saved[0], saved[1], saved[2], {saved[3], saved[4]},
                                  {n[0], n[1], n[2]}, {n[3], n[4], n[5]});
    return {gradients.dq, gradients.dk, gradients.dv, at::Tensor(), at::Tensor()};
  }
};

void check_kernels(const at::Tensor& q) {
  if (has_window_kernels(q)) return;
  throw Error(fmt::format("window attention: no kernels for {} on {}",
                          c10::toString(q.scalar_type()), q.device().str()));
}

}  // namespace

bool has_window_kernels(const at::Tensor& q) {
#ifdef OASIS_WITH_CUDA
  if (q.is_cuda()) return window_cuda::supports(q);
#endif
  return q.is_cpu() && window_cpu::supports(q.scalar_type());
}

WindowAttentionResult window_attention_forward(const at::Tensor& q, const at::Tensor& k,
                                               const at::Tensor& v, const TokenGrid& grid,
                                               const AttentionWindow& window) {
  check_kernels(q);
  const at::NoGradGuard no_gradients;
#ifdef OASIS_WITH_CUDA
  if (q.is_cuda()) return window_cuda::forward(q, k, v, grid, window);
#endif
  return window_cpu::forward(q, k, v, grid, window, window_cpu::best_instruction_set());
}

WindowAttentionGradients window_attention_backward(const at::Tensor& grad, const at::Tensor& q,
                                                   const at::Tensor& k, const at::Tensor& v,
                                                   const WindowAttentionResult& forward,
                                                   const TokenGrid& grid,
                                                   const AttentionWindow& window) {
  check_kernels(q);
  const at::NoGradGuard no_gradients;
#ifdef OASIS_WITH_CUDA
  if (q.is_cuda()) return window_cuda::backward(grad, q, k, v, forward, grid, window);
#endif
  return window_cpu::backward(grad, q, k, v, forward, grid, window,
                              window_cpu::best_instruction_set());
}

at::Tensor window_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const TokenGrid& grid, const AttentionWindow& window) {
  if (!has_window_kernels(q)) return masked_window_attention(q, k, v, grid, window);
  const bool recorded =
      at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad());
  if (recorded) return WindowFunction::apply(q, k, v, grid, window);
  return window_attention_forward(q, k, v, grid, window).out;
}

}  // namespace oasis::nn
