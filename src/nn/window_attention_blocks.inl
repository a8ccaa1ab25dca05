// The two products between rows of a tile and one neighbouring row, register-blocked over rows and
// column offsets: 2 FLOP per lane, channel and pair. Part of window_attention_kernel.inl.

/// Rows of a tile that meet the same neighbouring row; row i stands at `data + i * stride`.
template <class S>
struct TileRows {
  S* data;
  std::int64_t stride;
};

/// A neighbouring row `[dim][stride]`, column offset 0 first.
template <class S>
struct Neighbours {
  const S* data;
  std::int64_t stride;
  std::int64_t dim;
};

/// out[row][shift][lane] = sum over channels of own[row][channel][lane] *
/// near[channel][lane + shift].
template <int Rows, int Shifts, class S>
OASIS_INLINE void dot_block(TileRows<const S> own, Neighbours<S> near, TileRows<S> out) {
  constexpr int lanes = Lanes<S>::count;
  for (int lane = 0; lane < kLanes; lane += lanes) {
    Vec<S> sum[Rows][Shifts] = {};
    for (std::int64_t d = 0; d < near.dim; ++d) {
      Vec<S> a[Rows];
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) {
        a[r] = load<Vec<S>>(own.data + r * own.stride + d * kLanes + lane);
      }
#pragma GCC unroll 8
      for (int s = 0; s < Shifts; ++s) {
        const auto b = load<Vec<S>>(near.data + d * near.stride + lane + s);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) sum[r][s] += a[r] * b;
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
      for (int s = 0; s < Shifts; ++s) {
        store(out.data + r * out.stride + s * kLanes + lane, sum[r][s]);
      }
    }
  }
}

/// own[row][channel][lane] += sum over shifts of weight[row][shift][lane] *
/// near[channel][lane + shift].
template <int Rows, int Shifts, class S>
OASIS_INLINE void add_block(TileRows<const S> weight, Neighbours<S> near, TileRows<S> own) {
  constexpr int lanes = Lanes<S>::count;
  for (int lane = 0; lane < kLanes; lane += lanes) {
    Vec<S> w[Rows][Shifts];
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
      for (int s = 0; s < Shifts; ++s) {
        w[r][s] = load<Vec<S>>(weight.data + r * weight.stride + s * kLanes + lane);
      }
    }
    for (std::int64_t d = 0; d < near.dim; ++d) {
      Vec<S> sum[Rows];
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) {
        sum[r] = load<Vec<S>>(own.data + r * own.stride + d * kLanes + lane);
      }
#pragma GCC unroll 8
      for (int s = 0; s < Shifts; ++s) {
        const auto b = load<Vec<S>>(near.data + d * near.stride + lane + s);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) sum[r] += w[r][s] * b;
      }
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) {
        store(own.data + r * own.stride + d * kLanes + lane, sum[r]);
      }
    }
  }
}

struct Dot {
  template <int Rows, int Shifts, class S>
  OASIS_INLINE static void block(TileRows<const S> own, Neighbours<S> near, TileRows<S> logits) {
    dot_block<Rows, Shifts, S>(own, near, logits);
  }
};

struct Add {
  template <int Rows, int Shifts, class S>
  OASIS_INLINE static void block(TileRows<S> own, Neighbours<S> near, TileRows<const S> weights) {
    add_block<Rows, Shifts, S>(weights, near, own);
  }
};

/// As many blocks of `Count` column offsets as fit into `shifts`; moves past them.
template <class Product, int Rows, int Count, class S, class Own, class Pairs>
OASIS_INLINE void shifts_by(TileRows<Own> own, Neighbours<S>& near, TileRows<Pairs>& pairs,
                            std::int64_t& shifts) {
  for (; shifts >= Count; shifts -= Count) {
    Product::template block<Rows, Count, S>(own, near, pairs);
    near.data += Count;
    pairs.data += Count * kLanes;
  }
}

/// `Rows` rows and all column offsets.
template <class Product, int Rows, class S, class Own, class Pairs>
void all_shifts(TileRows<Own> own, Neighbours<S> near, TileRows<Pairs> pairs, std::int64_t shifts) {
  shifts_by<Product, Rows, 5>(own, near, pairs, shifts);
  shifts_by<Product, Rows, 3>(own, near, pairs, shifts);
  shifts_by<Product, Rows, 1>(own, near, pairs, shifts);
}

/// All rows by blocks of at most `Rows`.
template <class Product, int Rows, class S, class Own, class Pairs>
void all_rows(TileRows<Own> own, Neighbours<S> near, TileRows<Pairs> pairs, std::int64_t rows,
              std::int64_t shifts) {
  while (rows >= Rows) {
    all_shifts<Product, Rows>(own, near, pairs, shifts);
    own.data += Rows * own.stride;
    pairs.data += Rows * pairs.stride;
    rows -= Rows;
  }
  if constexpr (Rows > 1) {
    if (rows > 0) all_rows<Product, Rows - 1>(own, near, pairs, rows, shifts);
  }
}

/// pairs[row][shift][lane]: the products of `rows` rows of a tile with their neighbours.
template <class S>
OASIS_INLINE void dot_rows(TileRows<const S> own, Neighbours<S> near, TileRows<S> pairs,
                           std::int64_t rows, std::int64_t shifts) {
  all_rows<Dot, OASIS_BLOCK_ROWS>(own, near, pairs, rows, shifts);
}

/// Adds the neighbours weighted by `pairs[row][shift][lane]` to `rows` rows of a tile.
template <class S>
OASIS_INLINE void add_rows(TileRows<S> own, Neighbours<S> near, TileRows<const S> pairs,
                           std::int64_t rows, std::int64_t shifts) {
  all_rows<Add, OASIS_BLOCK_ROWS>(own, near, pairs, rows, shifts);
}
