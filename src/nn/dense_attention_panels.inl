// Keys and values as panels, and both products of dense attention by vectors: one word of eight
// rows times the words of all lanes. Part of dense_attention_kernel.inl.

/// What the products need of a thread: nothing.
struct ProductState {
  OASIS_INLINE explicit ProductState(const Shape&) {}
};

/// `[kKeys / kPanel][words][kPanel]`. The last panel is filled up with its last key, which does not
/// change the greatest logit.
OASIS_INLINE void pack_keys(GridRow<const Word> keys, std::int64_t words, Word* to) {
  for (std::int64_t key = 0; key < keys.cols; key += kPanel) {
    Word* panel = to + key * words;
    turn_in_columns<PanelLanes>(keys, key, words, panel, kPanel);
    const auto own = keys.cols - key;
    for (std::int64_t w = 0; own < kPanel && w < words; ++w) {
      for (auto i = own; i < kPanel; ++i) panel[w * kPanel + i] = panel[w * kPanel + own - 1];
    }
  }
}

/// `[dim / kPanel][kKeys / per word][kPanel]`.
OASIS_INLINE void pack_values(GridRow<const Element> values, std::int64_t dim, Word* to) {
  constexpr auto per_word = Arithmetic::kPerWord;
  for (std::int64_t key = 0; key < values.cols; key += per_word) {
    const Element* tokens[per_word];
    for (std::int64_t i = 0; i < per_word; ++i) {
      tokens[i] = values.has(key + i) ? values.data + (key + i) * values.stride : nullptr;
    }
    for (std::int64_t d = 0; d < dim; d += kPanel) {
      store(to + d * (kKeys / per_word) + key / per_word * kPanel,
            Arithmetic::join_values(tokens, d));
    }
  }
}

constexpr int kRows = OASIS_PANEL_ROWS;                         ///< of a register block
constexpr int kVectors = 3;                                     ///< of a register block
constexpr std::int64_t kStep = kVectors * Lanes<float>::count;  ///< its lanes

/// sum[row][lane] of panel[word][row] * lanes[word][lane] over `words`; kRows rows of a panel.
OASIS_INLINE void multiply(const Word* panel, const Word* lanes, std::int64_t words,
                           Vec<float> (&sum)[kRows][kVectors]) {
  for (std::int64_t w = 0; w < words; ++w, panel += kPanel, lanes += kQueries) {
    Vec<Word> b[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) b[v] = load<Vec<Word>>(lanes + v * Lanes<Word>::count);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const auto a = spread<Vec<Word>>(panel[r]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sum[r][v] = Arithmetic::multiply_add(a, b[v], sum[r][v]);
    }
  }
}

/// logits[key][lane] before scaling, and the greatest so far of every lane; NaN is passed over.
OASIS_INLINE void find_logits(const Word* keys, const Word* queries, std::int64_t words,
                              std::int64_t count, float* logits, float* greatest) {
  for (std::int64_t lane = 0; lane < kQueries; lane += kStep) {
    for (std::int64_t key = 0; key < count; key += kRows) {
      const Word* panel = keys + key / kPanel * kPanel * words + key % kPanel;
      Vec<float> sum[kRows][kVectors] = {};
      multiply(panel, queries + lane, words, sum);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const auto at = lane + v * Lanes<float>::count;
        auto most = load<Vec<float>>(greatest + at);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
          store(logits + (key + r) * kQueries + at, sum[r][v]);
          most = larger(sum[r][v], most);
        }
        store(greatest + at, most);
      }
    }
  }
}

/// sums[channel][lane] = sums * decay + the weighted values of a block.
OASIS_INLINE void add_values(const Word* values, const Word* weights, std::int64_t words,
                             std::int64_t dim, const float* decay, float* sums) {
  constexpr auto panel_words = kKeys / Arithmetic::kPerWord * kPanel;
  for (std::int64_t lane = 0; lane < kQueries; lane += kStep) {
    for (std::int64_t d = 0; d < dim; d += kRows) {
      const Word* panel = values + d / kPanel * panel_words + d % kPanel;
      Vec<float> sum[kRows][kVectors] = {};
      multiply(panel, weights + lane, words, sum);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const auto at = lane + v * Lanes<float>::count;
        const auto factor = load<Vec<float>>(decay + at);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
          float* to = sums + (d + r) * kQueries + at;
          store(to, load<Vec<float>>(to) * factor + sum[r][v]);
        }
      }
    }
  }
}
