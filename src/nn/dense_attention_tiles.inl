// Both products of dense attention by AMX: a tile of 16 rows (keys, or channels of values) meets a
// tile of 16 lanes (queries, or their weights), 16 words deep. Part of dense_attention_kernel.inl.

constexpr std::int64_t kSide = 16;                    ///< rows of a tile, and words of a row
constexpr std::int64_t kPairs = kKeys / 2;            ///< words of a channel of packed values
constexpr auto kWordBytes = sizeof(Word);             ///< strides of tiles are in bytes
constexpr auto kLaneBytes = kQueries * sizeof(Word);  ///< from one row of lanes to the next
static_assert(kQueries == 3 * kSide, "three tiles of sums");

/// Words of a channel axis that are multiplied at once.
OASIS_INLINE std::int64_t depth_of(std::int64_t words) {
  return words % kSide == 0 ? kSide : kSide / 2;
}

/// The shapes of this thread's tiles, as they were before at the end. Tiles 0, 1 and 2: sums of 16
/// rows. 3 and 4: keys and queries. 5 and 6: values and weights.
class ProductState {
 public:
  OASIS_INLINE explicit ProductState(const Shape& shape) {
    _tile_storeconfig(&before_);
    const auto depth = static_cast<std::uint8_t>(depth_of(shape.words()));
    Shapes now;
    now.palette = 1;
    for (int tile = 0; tile < 7; ++tile) {
      now.rows[tile] = tile == 4 ? depth : kSide;
      now.row_bytes[tile] = (tile == 3 ? depth : kSide) * kWordBytes;
    }
    _tile_loadconfig(&now);
  }
  OASIS_INLINE ~ProductState() {
    if (before_.palette == 0) {
      _tile_release();
    } else {
      _tile_loadconfig(&before_);
    }
  }
  ProductState(const ProductState&) = delete;
  ProductState& operator=(const ProductState&) = delete;

 private:
  /// As the processor reads them.
  struct alignas(64) Shapes {
    std::uint8_t palette = 0;
    std::uint8_t first_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
  };
  Shapes before_;
};

/// `[keys][words]`, filled up to whole tiles with the last key, which does not change the greatest
/// logit.
OASIS_INLINE void pack_keys(GridRow<const Word> keys, std::int64_t words, Word* to) {
  const auto rows = (keys.cols + kSide - 1) / kSide * kSide;
  for (std::int64_t key = 0; key < rows; ++key, to += words) {
    const Word* from = keys.data + (key < keys.cols ? key : keys.cols - 1) * keys.stride;
    for (std::int64_t w = 0; w < words; ++w) to[w] = from[w];
  }
}

/// `[dim][kPairs]`, absent keys 0.
OASIS_INLINE void pack_values(GridRow<const Element> values, std::int64_t dim, Word* to) {
  for (std::int64_t i = 0; i < dim * kPairs; ++i) to[i] = 0;
  for (std::int64_t key = 0; key < values.cols; key += 2) {
    const Element* tokens[2] = {values.data + key * values.stride, nullptr};
    if (values.has(key + 1)) tokens[1] = tokens[0] + values.stride;
    for (std::int64_t d = 0; d < dim; d += kPanel) {
      const auto words = Arithmetic::join_values(tokens, d);
      for (int i = 0; i < kPanel; ++i) to[(d + i) * kPairs + key / 2] = words[i];
    }
  }
}

/// logits[key][lane] before scaling, and the greatest so far of every lane; NaN is passed over.
OASIS_INLINE void find_logits(const Word* keys, const Word* queries, std::int64_t words,
                              std::int64_t count, float* logits, float* greatest) {
  const auto depth = depth_of(words);
  for (std::int64_t key = 0; key < count; key += kSide) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    for (std::int64_t w = 0; w < words; w += depth) {
      const Word* lanes = queries + w * kQueries;
      _tile_loadd(3, keys + key * words + w, words * kWordBytes);
      _tile_loadd(4, lanes, kLaneBytes);
      _tile_dpbf16ps(0, 3, 4);
      _tile_loadd(4, lanes + kSide, kLaneBytes);
      _tile_dpbf16ps(1, 3, 4);
      _tile_loadd(4, lanes + 2 * kSide, kLaneBytes);
      _tile_dpbf16ps(2, 3, 4);
    }
    float* to = logits + key * kQueries;
    _tile_stored(0, to, kLaneBytes);
    _tile_stored(1, to + kSide, kLaneBytes);
    _tile_stored(2, to + 2 * kSide, kLaneBytes);
  }
  for (std::int64_t lane = 0; lane < kQueries; lane += Lanes<float>::count) {
    auto most = load<Vec<float>>(greatest + lane);
    for (std::int64_t key = 0; key < count; ++key) {
      most = larger(load<Vec<float>>(logits + key * kQueries + lane), most);
    }
    store(greatest + lane, most);
  }
}

/// sums[channel][lane] = sums * decay + the weighted values of a block. Weights of absent keys, up
/// to a whole tile, are set to 0.
OASIS_INLINE void add_values(const Word* values, Word* weights, std::int64_t words,
                             std::int64_t dim, const float* decay, float* sums) {
  const auto deep = (words + kSide - 1) / kSide * kSide;
  for (auto i = words * kQueries; i < deep * kQueries; ++i) weights[i] = 0;
  for (std::int64_t lane = 0; lane < kQueries; lane += Lanes<float>::count) {
    const auto factor = load<Vec<float>>(decay + lane);
    for (std::int64_t d = 0; d < dim; ++d) {
      float* to = sums + d * kQueries + lane;
      store(to, load<Vec<float>>(to) * factor);
    }
  }
  for (std::int64_t d = 0; d < dim; d += kSide) {
    float* to = sums + d * kQueries;
    _tile_loadd(0, to, kLaneBytes);
    _tile_loadd(1, to + kSide, kLaneBytes);
    _tile_loadd(2, to + 2 * kSide, kLaneBytes);
    for (std::int64_t w = 0; w < deep; w += kSide) {
      const Word* lanes = weights + w * kQueries;
      _tile_loadd(5, values + d * kPairs + w, kPairs * kWordBytes);
      _tile_loadd(6, lanes, kLaneBytes);
      _tile_dpbf16ps(0, 5, 6);
      _tile_loadd(6, lanes + kSide, kLaneBytes);
      _tile_dpbf16ps(1, 5, 6);
      _tile_loadd(6, lanes + 2 * kSide, kLaneBytes);
      _tile_dpbf16ps(2, 5, 6);
    }
    _tile_stored(0, to, kLaneBytes);
    _tile_stored(1, to + kSide, kLaneBytes);
    _tile_stored(2, to + 2 * kSide, kLaneBytes);
  }
}
