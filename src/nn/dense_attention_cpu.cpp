#include "nn/dense_attention_cpu.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <cmath>
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "nn/dense_attention_kernel.h"
#include "nn/window_attention_cpu.h"
#include "oasis/core/error.h"

namespace oasis::nn::dense_cpu {
namespace {

constexpr std::int64_t kBlocksPerThread = 16;  ///< at least, of the heads that are packed together

template <class T>
constexpr std::int64_t kPerWord = static_cast<std::int64_t>(sizeof(Word) / sizeof(T));

template <class T>
Shape shape_of(const at::Tensor& q, const at::Tensor& k) {
  Shape shape;
  shape.batch = q.size(0);
  shape.heads = q.size(2);
  shape.dim = q.size(3);
  shape.queries = q.size(1);
  shape.keys = k.size(1);
  shape.per_word = kPerWord<T>;
  shape.scale = 1 / std::sqrt(static_cast<double>(shape.dim));
  return shape;
}

/// Channels side by side and every token at a whole number of words from every other.
template <class T>
at::Tensor in_words(const at::Tensor& x) {
  const bool whole = x.stride(0) % kPerWord<T> == 0 && x.stride(1) % kPerWord<T> == 0 &&
                     x.stride(2) % kPerWord<T> == 0;
  return whole && x.stride(3) == 1 ? x : x.contiguous();
}

template <class T>
Tokens<const T> tokens(const at::Tensor& x) {
  return {x.const_data_ptr<T>(), x.stride(0), x.stride(1), x.stride(2)};
}

at::DataPtr words(std::int64_t count) {
  return c10::GetCPUAllocator()->allocate(static_cast<std::size_t>(count) * sizeof(Word));
}

/// The heads `args.first_head` .. + `heads`.
template <class T>
void run(const Passes<T>& passes, const Args<T>& args, std::int64_t heads) {
  const auto& shape = args.shape;
  at::parallel_for(0, heads * shape.key_blocks(), 4, [&](std::int64_t first, std::int64_t end) {
    passes.pack(args, {first, end});
  });
  at::parallel_for(0, heads * shape.query_blocks(), 1, [&](std::int64_t first, std::int64_t end) {
    const auto memory = words(Workspace(shape).all);
    passes.attend(args, {first, end}, static_cast<float*>(memory.get()));
  });
}

template <class T>
at::Tensor forward_by(const Passes<T>& passes, const at::Tensor& q_in, const at::Tensor& k_in,
                      const at::Tensor& v_in) {
  const at::Tensor q = in_words<T>(q_in), k = in_words<T>(k_in), v = in_words<T>(v_in);
  const at::Tensor out =
      at::empty(q.sizes(), q.options().memory_format(at::MemoryFormat::Contiguous));
  const auto shape = shape_of<T>(q, k);
  const auto heads = shape.batch * shape.heads;
  const auto blocks = kBlocksPerThread * at::get_num_threads();
  const auto together = std::clamp<std::int64_t>(
      (blocks + shape.query_blocks() - 1) / shape.query_blocks(), 1, heads);
  const auto packed = words(together * shape.packed_head());
  Args<T> args{shape,
               tokens<T>(q),
               tokens<T>(k),
               tokens<T>(v),
               {out.mutable_data_ptr<T>(), out.stride(0), out.stride(1), out.stride(2)},
               0,
               static_cast<Word*>(packed.get())};
  for (; args.first_head < heads; args.first_head += together) {
    run(passes, args, std::min(together, heads - args.first_head));
  }
  return out;
}

#if defined(__x86_64__)
/// Whether the processor has AMX for bfloat16 and the system lets this process use it: Linux wants
/// to be asked, for the tiles' 8 KiB make its threads' states larger.
bool tiles_allowed() {
#if defined(__linux__)
  static const bool allowed = [] {
    constexpr long request_permission = 0x1023, tile_data = 18;  // asm/prctl.h, Intel SDM 13.1
    return __builtin_cpu_supports("amx-bf16") && __builtin_cpu_supports("amx-tile") &&
           syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
  }();
  return allowed;
#else
  return false;
#endif
}
#endif

}  // namespace

std::optional<InstructionSet> best_instruction_set(at::ScalarType type) {
#if defined(__x86_64__)
  const auto best = window_cpu::best_instruction_set();
  const bool avx512 = best == window_cpu::InstructionSet::avx512;
  if (type == at::kBFloat16 && avx512 && __builtin_cpu_supports("avx512bf16")) {
    return tiles_allowed() ? InstructionSet::amx_bf16 : InstructionSet::avx512_bf16;
  }
  if (type == at::kFloat && avx512) return InstructionSet::avx512;
  if (type == at::kFloat && best == window_cpu::InstructionSet::avx2) return InstructionSet::avx2;
#endif
  return std::nullopt;
}

bool supports(at::ScalarType type, std::int64_t dim) {
  const auto multiple = type == at::kBFloat16 ? 16 : 8;
  return (type == at::kBFloat16 || type == at::kFloat) && dim > 0 && dim % multiple == 0;
}

at::Tensor forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                   [[maybe_unused]] InstructionSet isa) {
#if defined(__x86_64__)
  if (isa == InstructionSet::amx_bf16) return forward_by(amx_bf16_passes(), q, k, v);
  if (isa == InstructionSet::avx512_bf16) return forward_by(avx512_bf16_passes(), q, k, v);
  return forward_by(isa == InstructionSet::avx512 ? avx512_passes() : avx2_passes(), q, k, v);
#else
  throw Error("dense attention: no kernel for this kind of machine");
#endif
}

}  // namespace oasis::nn::dense_cpu
