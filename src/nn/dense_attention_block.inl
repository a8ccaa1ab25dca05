// One block of queries against all keys of its head, with the running maximum and sum of
// FlashAttention (Dao et al., arXiv 2205.14135). Part of dense_attention_kernel.inl.

/// The weights of `Count` keys from their logits, added to `sum` and stored as words.
template <int Count>
OASIS_INLINE void weigh_keys(const float* logits, Vec<float> greatest, float factor,
                             Vec<float>& sum, float* to) {
  Vec<float> weights[Arithmetic::kPerWord] = {};
#pragma GCC unroll 2
  for (int i = 0; i < Count; ++i) {
    const auto below = load<Vec<float>>(logits + i * kQueries) - greatest;
    weights[i] = power<Arithmetic::kDegree>(below * factor);
    sum += weights[i];
  }
  store(to, Arithmetic::join(weights));
}

/// Logits to weights exp(scale (logit - greatest)) in place, as words of one or two keys;
/// total[lane] = total * decay + their sum.
OASIS_INLINE void weigh(float* pairs, std::int64_t count, const float* greatest, float factor,
                        const float* decay, float* total) {
  constexpr auto per_word = Arithmetic::kPerWord;
  for (std::int64_t lane = 0; lane < kQueries; lane += Lanes<float>::count) {
    const auto most = load<Vec<float>>(greatest + lane);
    auto sum = Vec<float>{};
    float* at = pairs + lane;
    std::int64_t key = 0;
    for (; key + per_word <= count; key += per_word) {
      weigh_keys<per_word>(at + key * kQueries, most, factor, sum, at + key / per_word * kQueries);
    }
    if (key < count) {
      weigh_keys<1>(at + key * kQueries, most, factor, sum, at + key / per_word * kQueries);
    }
    store(total + lane, load<Vec<float>>(total + lane) * load<Vec<float>>(decay + lane) + sum);
  }
}

/// The arrays of a block of queries.
struct BlockMemory {
  Word* queries;
  float *pairs, *sums, *greatest, *decay, *total;

  BlockMemory(const Workspace& space, float* memory)
      : queries(reinterpret_cast<Word*>(memory)),
        pairs(memory + space.queries),
        sums(pairs + space.pairs),
        greatest(sums + space.sums),
        decay(greatest + kQueries),
        total(decay + kQueries) {}
};

/// Raises `greatest` as `find_logits` does; decay = what weights under the former are worth now.
OASIS_INLINE void find_logits_and_decay(const Word* keys, const Shape& shape, std::int64_t count,
                                        float factor, const BlockMemory& m) {
  for (std::int64_t i = 0; i < kQueries; ++i) m.decay[i] = m.greatest[i];
  find_logits(keys, m.queries, shape.words(), count, m.pairs, m.greatest);
  for (std::int64_t i = 0; i < kQueries; i += Lanes<float>::count) {
    const auto fall = load<Vec<float>>(m.decay + i) - load<Vec<float>>(m.greatest + i);
    store(m.decay + i, power<Arithmetic::kDegree>(fall * factor));
  }
}

/// The queries of a block, channel by channel; absent ones 0.
OASIS_INLINE void start_block(const Args<Element>& args, const Place& place, const BlockMemory& m) {
  const auto& shape = args.shape;
  const auto queries = words_of(args.q, place, shape.queries - place.first);
  for (std::int64_t i = 0; i < kQueries; i += kPanel) {
    turn_in_columns<PanelLanes>(queries, i, shape.words(), m.queries + i, kQueries);
  }
  for (std::int64_t i = 0; i < shape.dim * kQueries; ++i) m.sums[i] = 0;
  for (std::int64_t i = 0; i < kQueries; ++i) {
    m.greatest[i] = std::numeric_limits<float>::lowest();
    m.total[i] = 0;
  }
}

void attend_block(const Args<Element>& args, std::int64_t index, float* memory) {
  const auto& shape = args.shape;
  const Place place(shape, args.first_head, index, shape.query_blocks(), kQueries);
  const BlockMemory m(Workspace(shape), memory);
  start_block(args, place, m);
  const auto factor = static_cast<float>(shape.scale) * kExponentUnit;
  const Word* packed = args.packed + index / shape.query_blocks() * shape.packed_head();
  for (std::int64_t first = 0; first < shape.keys; first += kKeys) {
    const auto count = kKeys < shape.keys - first ? kKeys : shape.keys - first;
    find_logits_and_decay(packed, shape, count, factor, m);
    weigh(m.pairs, count, m.greatest, factor, m.decay, m.total);
    add_values(packed + shape.packed_block(), reinterpret_cast<Word*>(m.pairs),
               (count + Arithmetic::kPerWord - 1) / Arithmetic::kPerWord, shape.dim, m.decay,
               m.sums);
    packed += 2 * shape.packed_block();
  }
  for (std::int64_t i = 0; i < kQueries; ++i) m.total[i] = 1 / m.total[i];
  for (std::int64_t i = 0; i < kQueries; i += kLanes) {
    turn_out(m.sums + i, m.total + i, i, shape.dim,
             GridRow<Element>{args.out.at(place.batch, place.first, place.head),
                              args.out.token_stride, shape.queries - place.first},
             kQueries);
  }
}
