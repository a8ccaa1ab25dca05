// Keys and values of a block as panels. Part of dense_attention_kernel.inl.

/// The tokens first .. of one head as words of their channels; `count` exist.
OASIS_INLINE GridRow<const Word> words_of(const Tokens<const Element>& x, const Place& place,
                                          std::int64_t count) {
  return {reinterpret_cast<const Word*>(x.at(place.batch, place.first, place.head)),
          x.token_stride / Arithmetic::kPerWord, count};
}

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

void pack_block(const Args<Element>& args, std::int64_t index) {
  const auto& shape = args.shape;
  const Place place(shape, args.first_head, index, shape.key_blocks(), kKeys);
  const auto count = kKeys < shape.keys - place.first ? kKeys : shape.keys - place.first;
  Word* to = args.packed + index * 2 * shape.packed_block();
  pack_keys(words_of(args.k, place, count), shape.words(), to);
  pack_values(GridRow<const Element>{args.v.at(place.batch, place.first, place.head),
                                     args.v.token_stride, count},
              shape.dim, to + shape.packed_block());
}
