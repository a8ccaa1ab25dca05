// Keys and values of a block as the products want them. Part of dense_attention_kernel.inl.

/// The tokens first .. of one head as words of their channels; `count` exist.
OASIS_INLINE GridRow<const Word> words_of(const Tokens<const Element>& x, const Place& place,
                                          std::int64_t count) {
  return {reinterpret_cast<const Word*>(x.at(place.batch, place.first, place.head)),
          x.token_stride / Arithmetic::kPerWord, count};
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
