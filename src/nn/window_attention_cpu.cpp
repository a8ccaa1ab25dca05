#include "nn/window_attention_cpu.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/CPUAllocator.h>

#include <cmath>

#include "nn/window_attention_kernel.h"

namespace oasis::nn::window_cpu {
namespace {

constexpr std::int64_t kMostTileFrames = 3;
constexpr std::int64_t kMostTileRows = 5;
constexpr std::int64_t kMostBytes = std::int64_t{4} << 20;  ///< of a thread, where tiles can shrink
constexpr std::int64_t kTilesPerThread = 8;                 ///< at least, where tiles can shrink

/// The length of the fewest equal pieces of at most `most`.
std::int64_t even_piece(std::int64_t extent, std::int64_t most) {
  const auto pieces = (extent + most - 1) / most;
  return (extent + pieces - 1) / pieces;
}

/// Tiles as large as memory and the threads allow; results do not depend on the choice.
void choose_tile(Shape& shape, std::int64_t real_size) {
  const auto too_large = [&] {
    return Workspace(shape).forward * real_size > kMostBytes ||
           shape.tiles() < kTilesPerThread * at::get_num_threads();
  };
  shape.tile_rows = even_piece(shape.rows, kMostTileRows);
  shape.tile_frames = even_piece(shape.frames, kMostTileFrames);
  while (shape.tile_frames > 1 && too_large()) --shape.tile_frames;
  while (shape.tile_rows > 1 && too_large()) --shape.tile_rows;
}

Shape shape_of(const at::Tensor& q, const TokenGrid& grid, const AttentionWindow& window) {
  Shape shape;
  shape.batch = q.size(0);
  shape.heads = q.size(2);
  shape.dim = q.size(3);
  shape.frames = grid.frames;
  shape.rows = grid.rows;
  shape.cols = grid.cols;
  shape.reach_frames = std::min(window.frames / 2, grid.frames - 1);
  shape.reach_rows = std::min(window.rows / 2, grid.rows - 1);
  shape.reach_cols = std::min(window.cols / 2, grid.cols - 1);
  shape.scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  choose_tile(shape, q.scalar_type() == at::kDouble ? sizeof(double) : sizeof(float));
  return shape;
}

template <class T>
Tokens<T> tokens(const at::Tensor& x) {
  return {x.mutable_data_ptr<T>(), x.stride(0), x.stride(1), x.stride(2)};
}

template <class T>
Tokens<const T> const_tokens(const at::Tensor& x) {
  return {x.const_data_ptr<T>(), x.stride(0), x.stride(1), x.stride(2)};
}

template <class T>
Passes<T> passes_for(InstructionSet isa) {
#if defined(__x86_64__)
  if (isa == InstructionSet::avx512) return avx512_passes<T>();
  if (isa == InstructionSet::avx2) return avx2_passes<T>();
#endif
  return baseline_passes<T>();
}

/// Runs `pass` over all tiles, every thread with `elements` of its own.
template <class Args, class S>
void run(void (*pass)(const Args&, Span, S*), const Args& args, std::int64_t elements) {
  at::parallel_for(0, args.shape.tiles(), 1, [&](std::int64_t first, std::int64_t end) {
    const auto memory =
        c10::GetCPUAllocator()->allocate(static_cast<std::size_t>(elements) * sizeof(S));
    pass(args, {first, end}, static_cast<S*>(memory.get()));
  });
}

at::Tensor last_stride_one(const at::Tensor& x) {
  return x.stride(-1) == 1 || x.size(-1) == 1 ? x : x.contiguous();
}

}  // namespace

InstructionSet best_instruction_set() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl");
  if (avx512) return InstructionSet::avx512;
  if (avx2) return InstructionSet::avx2;
#endif
  return InstructionSet::baseline;
}

bool supports(at::ScalarType type) {
  return type == at::kFloat || type == at::kDouble || type == at::kBFloat16 || type == at::kHalf;
}

WindowAttentionResult forward(const at::Tensor& q_in, const at::Tensor& k_in,
                              const at::Tensor& v_in, const TokenGrid& grid,
                              const AttentionWindow& window, InstructionSet isa) {
  const auto q = last_stride_one(q_in), k = last_stride_one(k_in), v = last_stride_one(v_in);
  WindowAttentionResult result;
  AT_DISPATCH_FLOATING_TYPES_AND2(
      at::kBFloat16, at::kHalf, q.scalar_type(), "window_attention_forward", [&] {
        using S = Real<scalar_t>;
        result.out = at::empty(q.sizes(), q.options().memory_format(at::MemoryFormat::Contiguous));
        result.lse = at::empty({q.size(0), q.size(2), q.size(1)},
                               q.options().dtype(c10::CppTypeToScalarType<S>::value));
        ForwardArgs<scalar_t> args{shape_of(q, grid, window),    const_tokens<scalar_t>(q),
                                   const_tokens<scalar_t>(k),    const_tokens<scalar_t>(v),
                                   tokens<scalar_t>(result.out), result.lse.mutable_data_ptr<S>()};
        run(passes_for<scalar_t>(isa).forward, args, Workspace(args.shape).forward);
      });
  return result;
}

WindowAttentionGradients backward(const at::Tensor& grad_in, const at::Tensor& q_in,
                                  const at::Tensor& k_in, const at::Tensor& v_in,
                                  const WindowAttentionResult& forward, const TokenGrid& grid,
                                  const AttentionWindow& window, InstructionSet isa) {
  const auto q = last_stride_one(q_in), k = last_stride_one(k_in), v = last_stride_one(v_in);
  const auto grad = last_stride_one(grad_in.to(q.scalar_type()));
  const auto out = last_stride_one(forward.out);
  const auto delta = at::empty_like(forward.lse);
  const auto options = q.options().memory_format(at::MemoryFormat::Contiguous);
  const WindowAttentionGradients result{
      at::empty(q.sizes(), options), at::empty(q.sizes(), options), at::empty(q.sizes(), options)};
  AT_DISPATCH_FLOATING_TYPES_AND2(
      at::kBFloat16, at::kHalf, q.scalar_type(), "window_attention_backward", [&] {
        using S = Real<scalar_t>;
        const BackwardArgs<scalar_t> args{
            shape_of(q, grid, window),       const_tokens<scalar_t>(grad),
            const_tokens<scalar_t>(q),       const_tokens<scalar_t>(k),
            const_tokens<scalar_t>(v),       const_tokens<scalar_t>(out),
            forward.lse.const_data_ptr<S>(), delta.mutable_data_ptr<S>(),
            tokens<scalar_t>(result.dq),     tokens<scalar_t>(result.dk),
            tokens<scalar_t>(result.dv)};
        const auto passes = passes_for<scalar_t>(isa);
        const auto elements = Workspace(args.shape).backward;
        run(passes.query_gradients, args, elements);
        run(passes.key_gradients, args, elements);
      });
  return result;
}

}  // namespace oasis::nn::window_cpu
