#include "oasis/nn/dense_attention_cuda.h"

#include <ATen/Context.h>
#include <ATen/SDPBackend.h>
#include <ATen/core/grad_mode.h>
#include <ATen/cuda/CUDAContextLight.h>
#include <ATen/ops/_fused_sdp_choice.h>
#include <ATen/ops/_scaled_dot_product_cudnn_attention.h>
#include <ATen/ops/_scaled_dot_product_flash_attention.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <c10/cuda/CUDAGuard.h>
#include <fmt/format.h>

#include <array>
#include <atomic>

#include "oasis/core/error.h"
#include "oasis/core/log.h"

namespace oasis::nn {
namespace {

constexpr double kLargestLogits =
    1024.0 * 1024.0 * 1024.0;  // bytes that the plain formula may take

DenseAttentionNeeds needs_of(const at::Tensor& q, const at::Tensor& k) {
  const auto* device = at::cuda::getDeviceProperties(q.device().index());
  const auto& context = at::globalContext();
  DenseAttentionNeeds needs;
  needs.compute_capability = 10 * device->major + device->minor;
  needs.half_precision = q.scalar_type() == at::kHalf || q.scalar_type() == at::kBFloat16;
  needs.head_dim = q.size(3);
  needs.tokens = k.size(1);
  needs.cudnn_allowed = at::Context::hasCuDNN() && context.userEnabledCuDNNSDP() &&
                        !context.deterministicAlgorithms();
  return needs;
}

void log_once(DenseBackend backend, const at::Tensor& q) {
  static std::array<std::atomic<bool>, 3> logged{};
  if (logged[static_cast<std::size_t>(backend)].exchange(true)) return;
  log::info("attention of global and intra-frame heads: {} ({}, head dim {})", to_string(backend),
            c10::toString(q.scalar_type()), q.size(3));
}

/// The framework's own choice, unless that is to write out all logits of a large problem.
at::Tensor framework_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const auto choice = static_cast<at::SDPBackend>(at::_fused_sdp_choice(q, k, v));
  const double logits = static_cast<double>(q.size(0) * q.size(1)) *
                        static_cast<double>(q.size(2)) * static_cast<double>(k.size(2)) *
                        static_cast<double>(q.element_size());
  if (choice == at::SDPBackend::math && logits > kLargestLogits) {
    throw Error(
        ExitCode::out_of_memory,
        fmt::format("dense attention of {} tokens in {}: no memory-saving kernel takes it and all "
                    "logits at once would need {:.1f} GiB; use bfloat16 or float16",
                    q.size(2), c10::toString(q.scalar_type()), logits / kLargestLogits));
  }
  return at::scaled_dot_product_attention(q, k, v);
}

}  // namespace

DenseBackend choose_dense_backend(const DenseAttentionNeeds& needs) {
  if (!needs.half_precision || needs.head_dim % 8 != 0) return DenseBackend::framework;
  if (needs.cudnn_allowed && needs.compute_capability >= 90 && needs.head_dim <= 128 &&
      needs.tokens > 1) {
    return DenseBackend::cudnn;
  }
  if (needs.compute_capability >= 80 && needs.head_dim <= 256) return DenseBackend::flash;
  return DenseBackend::framework;
}

std::string to_string(DenseBackend backend) {
  if (backend == DenseBackend::cudnn) return "cuDNN";
  return backend == DenseBackend::flash ? "FlashAttention" : "the framework's choice";
}

at::Tensor dense_attention_cuda(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const c10::cuda::CUDAGuard device(q.device());
  const auto backend = choose_dense_backend(needs_of(q, k));
  log_once(backend, q);
  // [B, heads, N, D] by strides: every backend reads slices of heads in place.
  const auto by_head = [](const at::Tensor& x) {
    return (x.stride(3) == 1 ? x : x.contiguous()).transpose(1, 2);
  };
  const auto queries = by_head(q), keys = by_head(k), values = by_head(v);
  if (backend == DenseBackend::cudnn) {
    const bool recorded =
        at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad());
    return std::get<0>(at::_scaled_dot_product_cudnn_attention(queries, keys, values, std::nullopt,
                                                               /*compute_log_sumexp=*/recorded))
        .transpose(1, 2);
  }
  if (backend == DenseBackend::flash) {
    return std::get<0>(at::_scaled_dot_product_flash_attention(queries, keys, values))
        .transpose(1, 2);
  }
  return framework_attention(queries, keys, values).transpose(1, 2);
}

}  // namespace oasis::nn
