// Vectors of OASIS_VECTOR_BYTES by GCC's vector extension, and rows of tokens turned so that lanes
// are columns of the grid. Part of window_attention_kernel.inl and dense_attention_kernel.inl.

#define OASIS_INLINE inline __attribute__((always_inline))
#define OASIS_JOINED(a, b) a##b
#define OASIS_NAMED(isa, name) OASIS_JOINED(isa, name)

template <class S, int Bytes = OASIS_VECTOR_BYTES>
struct Lanes {
  static constexpr int count = Bytes / static_cast<int>(sizeof(S));
  using Bits = std::conditional_t<sizeof(S) == 8, std::int64_t, std::int32_t>;
  typedef S Vec __attribute__((vector_size(Bytes)));
  typedef Bits Mask __attribute__((vector_size(Bytes)));
};

template <class S>
using Vec = typename Lanes<S>::Vec;

/// Vectors side by side in the lanes of a tile.
template <class S>
constexpr int kVecs = static_cast<int>(kLanes) / Lanes<S>::count;

template <class V, class S>
OASIS_INLINE V load(const S* from) {
  V v;
  __builtin_memcpy(&v, from, sizeof(V));
  return v;
}

template <class V, class S>
OASIS_INLINE void store(S* to, V v) {
  __builtin_memcpy(to, &v, sizeof(V));
}

template <class V, class S>
OASIS_INLINE V spread(S value) {
  return V{} + value;
}

template <class V>
OASIS_INLINE V larger(V a, V b) {
  return a > b ? a : b;
}

/// exp of logits: 0 far below, one rounding step of error; NaN stays NaN. Coefficients of Cephes'
/// `expf` (S. Moshier, public domain).
OASIS_INLINE Vec<float> exponential(Vec<float> x) {
  using V = Vec<float>;
  using Mask = typename Lanes<float>::Mask;
  const V low = spread<V>(-87.0F), high = spread<V>(88.0F);
  const auto vanishes = x < low;
  x = vanishes ? low : x;
  x = x > high ? high : x;
  const V magic = spread<V>(12582912.0F);  // 1.5 * 2^23: the integer lands in the low bits
  const V shifted = x * 1.44269504088896341F + magic;
  const V n = shifted - magic;
  const V r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
  V y = spread<V>(1.9875691500e-4F);
  y = y * r + 1.3981999507e-3F;
  y = y * r + 8.3334519073e-3F;
  y = y * r + 4.1665795894e-2F;
  y = y * r + 1.6666665459e-1F;
  y = y * r + 5.0000001201e-1F;
  y = y * (r * r) + r + 1.0F;
  // 2^n as a factor: added to the bits of y, the last bits of a NaN could make a number of it.
  const V power_of_two = reinterpret_cast<V>((reinterpret_cast<Mask>(shifted) << 23) +
                                             reinterpret_cast<Mask>(spread<V>(1.0F)));
  return vanishes ? V{} : y * power_of_two;
}

OASIS_INLINE Vec<double> exponential(Vec<double> x) {
  for (int i = 0; i < Lanes<double>::count; ++i) x[i] = __builtin_exp(x[i]);
  return x;
}

/// One step of the transposition of a square of vectors: swaps its off-diagonal blocks of `Step`.
template <class L, int Step, int... I>
OASIS_INLINE void swap_blocks(typename L::Vec* square, std::integer_sequence<int, I...>) {
  constexpr typename L::Mask upper = {((I & Step) != 0 ? L::count + I - Step : I)...};
  constexpr typename L::Mask lower = {((I & Step) != 0 ? L::count + I : I + Step)...};
#pragma GCC unroll 16
  for (int i = 0; i < L::count; ++i) {
    if ((i & Step) != 0) continue;
    const auto a = square[i], b = square[i + Step];
    square[i] = __builtin_shuffle(a, b, upper);
    square[i + Step] = __builtin_shuffle(a, b, lower);
  }
}

template <class L, int Step = L::count / 2>
OASIS_INLINE void transpose(typename L::Vec* square) {
  swap_blocks<L, Step>(square, std::make_integer_sequence<int, L::count>{});
  if constexpr (Step > 1) transpose<L, Step / 2>(square);
}

template <class V, class S, class T>
OASIS_INLINE V load_as(const T* from) {
  if constexpr (std::is_same_v<S, T>) {
    return load<V>(from);
  } else {
    V v;
    for (std::size_t i = 0; i < sizeof(V) / sizeof(S); ++i) v[i] = static_cast<S>(from[i]);
    return v;
  }
}

/// The tokens of one row of the grid: column c of `cols` at `data + c * stride`.
template <class T>
struct GridRow {
  T* data;
  std::int64_t stride;
  std::int64_t cols;

  OASIS_INLINE bool has(std::int64_t c) const { return c >= 0 && c < cols; }
};

/// Columns first .. first + L::count - 1 of all channels to `to[channel][0 ..]`, absent ones 0.
template <class L, class T, class S>
OASIS_INLINE void turn_in_columns(GridRow<const T> row, std::int64_t first, std::int64_t dim, S* to,
                                  std::int64_t to_stride) {
  using V = typename L::Vec;
  const T* column[L::count];
  for (int i = 0; i < L::count; ++i) {
    column[i] = row.has(first + i) ? row.data + (first + i) * row.stride : nullptr;
  }
  std::int64_t d = 0;
  for (; d + L::count <= dim; d += L::count) {
    V square[L::count];
#pragma GCC unroll 16
    for (int i = 0; i < L::count; ++i) {
      square[i] = column[i] != nullptr ? load_as<V, S>(column[i] + d) : V{};
    }
    transpose<L>(square);
#pragma GCC unroll 16
    for (int i = 0; i < L::count; ++i) store(to + (d + i) * to_stride, square[i]);
  }
  for (; d < dim; ++d) {
    for (int i = 0; i < L::count; ++i) {
      to[d * to_stride + i] = column[i] != nullptr ? static_cast<S>(column[i][d]) : S{0};
    }
  }
}

/// Columns first .. first + width - 1 of a row of the grid to `to[channel][0 .. width - 1]`;
/// columns outside the grid are 0. Up to three columns more than `width` are written, within the
/// stride.
template <class T, class S>
void turn_in(GridRow<const T> row, std::int64_t first, std::int64_t width, std::int64_t dim, S* to,
             std::int64_t to_stride) {
  using Wide = Lanes<S>;
  using Narrow = Lanes<S, 16>;
  std::int64_t c = 0;
  for (; c + Wide::count <= width; c += Wide::count) {
    turn_in_columns<Wide>(row, first + c, dim, to + c, to_stride);
  }
  for (; c < width; c += Narrow::count) {
    turn_in_columns<Narrow>(row, first + c, dim, to + c, to_stride);
  }
}

/// The inverse for the lanes of a tile: `from[channel][lane] * factor[lane]`, channels `stride`
/// apart, to the columns first .. of a row of the grid, as far as it has them.
template <class T, class S>
void turn_out(const S* from, const S* factor, std::int64_t first, std::int64_t dim, GridRow<T> row,
              std::int64_t stride = kLanes) {
  using L = Lanes<S>;
  for (int part = 0; part < kVecs<S>; ++part) {
    const auto lane = part * L::count;
    const auto scale = load<Vec<S>>(factor + lane);
    std::int64_t d = 0;
    for (; d + L::count <= dim; d += L::count) {
      Vec<S> square[L::count];
#pragma GCC unroll 16
      for (int i = 0; i < L::count; ++i) {
        square[i] = load<Vec<S>>(from + (d + i) * stride + lane) * scale;
      }
      transpose<L>(square);
#pragma GCC unroll 16
      for (int i = 0; i < L::count; ++i) {
        if (!row.has(first + lane + i)) continue;
        T* to = row.data + (first + lane + i) * row.stride + d;
        if constexpr (std::is_same_v<S, T>) {
          store(to, square[i]);
        } else {
          for (int j = 0; j < L::count; ++j) to[j] = static_cast<T>(square[i][j]);
        }
      }
    }
    for (; d < dim; ++d) {
      for (int i = 0; i < L::count && row.has(first + lane + i); ++i) {
        row.data[(first + lane + i) * row.stride + d] =
            static_cast<T>(from[d * stride + lane + i] * factor[lane + i]);
      }
    }
  }
}
