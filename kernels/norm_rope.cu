#include "kernels/norm_rope.h"

#include <device_intrinsics.h>

#include "kernels/row_threads.h"
#include "kernels/vector_access.h"

namespace oasis::kernels {
namespace {

/// By value: choosing between places in memory would take the arguments there.
template <class V>
OASIS_DEVICE V choose(bool second, V first_value, V second_value) {
  return second ? second_value : first_value;
}

/// Kernel arguments: both tensors, so that neighbouring blocks share the token's rotations.
struct NormRopePair {
  NormRopeTensor first;
  NormRopeTensor second;
  int count;
};

/// Turns each pair of the chunk, which starts at `pair` of its head.
template <int chunk>
OASIS_DEVICE void rotate(float (&values)[chunk], const float* rotations) {
  float turns[chunk];
  load_floats(rotations, turns);
  OASIS_UNROLL for (int i = 0; i < chunk; i += 2) {
    const float cosine = turns[i];
    const float sine = turns[i + 1];
    const float real = values[i] * cosine - values[i + 1] * sine;
    values[i + 1] = values[i] * sine + values[i + 1] * cosine;
    values[i] = real;
  }
}

template <class T, int chunk>
OASIS_KERNEL(kMaxRowThreads)
void norm_rope_kernel(NormRopePair pair, NormRopeShape shape, const float* rotations) {
  constexpr int kItems = kChannelsPerThread / chunk;
  const int row = block_index().x / pair.count;
  const NormRopeTensor &a = pair.first, &b = pair.second;
  const bool second = block_index().x % pair.count != 0;
  const T* in = static_cast<const T*>(choose(second, a.in, b.in)) +
                row * choose(second, a.in_stride, b.in_stride);
  T* out = static_cast<T*>(choose(second, a.out, b.out)) +
           row * choose(second, a.out_stride, b.out_stride);
  const float* weights = choose(second, a.weight, b.weight);

  float values[kItems][chunk];
  float squares = 0.0f;
  OASIS_UNROLL for (int item = 0; item < kItems; ++item) {
    const int channel = chunk_channel<chunk>(item);
    if (channel >= shape.channels) continue;
    load_floats(in + channel, values[item]);
    OASIS_UNROLL for (float value : values[item]) squares += value * value;
  }
  const float mean =
      block_sum(squares, shared_array<float>(0, kMaxWarps)) / static_cast<float>(shape.channels);
  const float inverse = 1.0f / sqrtf(mean + shape.eps);

  const std::int64_t token = row % static_cast<int>(shape.tokens);
  OASIS_UNROLL for (int item = 0; item < kItems; ++item) {
    const int channel = chunk_channel<chunk>(item);
    if (channel >= shape.channels) continue;
    float weight[chunk];
    load_floats(weights + channel, weight);
    OASIS_UNROLL for (int i = 0; i < chunk; ++i) values[item][i] =
        values[item][i] * inverse * weight[i];
    if (rotations != nullptr) {
      rotate(values[item], rotations + token * shape.head_dim + channel % shape.head_dim);
    }
    store_floats(out + channel, values[item]);
  }
}

void check_shape(int count, const NormRopeShape& shape) {
  if (count < 1 || count > 2) throw std::runtime_error("norm_rope takes one or two tensors");
  if (shape.head_dim <= 0 || shape.head_dim % 2 != 0 || shape.channels % shape.head_dim != 0) {
    throw std::runtime_error("norm_rope: " + std::to_string(shape.channels) +
                             " channels are not whole heads of an even " +
                             std::to_string(shape.head_dim));
  }
}

bool moves_by_eight(const NormRopeTensor& tensor) {
  return aligned_16(tensor.in) && aligned_16(tensor.out) && aligned_16(tensor.weight) &&
         tensor.in_stride % 8 == 0 && tensor.out_stride % 8 == 0;
}

}  // namespace

void norm_rope(Element element, const NormRopeTensor* tensors, int count,
               const NormRopeShape& shape, const float* rotations, Stream stream) {
  check_shape(count, shape);
  const NormRopePair pair{tensors[0], tensors[count - 1], count};
  const bool by_eight = shape.head_dim % 8 == 0 && aligned_16(rotations) &&
                        moves_by_eight(pair.first) && moves_by_eight(pair.second);
  const Index3 blocks{static_cast<int>(shape.rows * count)};
  with_element(element, [&](auto type) {
    using T = typename decltype(type)::Type;
    launch("norm_rope", blocks, row_threads(shape.channels), 4 * kMaxWarps, stream,
           by_eight ? norm_rope_kernel<T, 8> : norm_rope_kernel<T, 2>, pair, shape, rotations);
  });
}

}  // namespace oasis::kernels
