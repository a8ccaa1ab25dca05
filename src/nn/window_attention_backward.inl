// The backward passes over one tile. Part of window_attention_kernel.inl.
//
// With p = exp(logit - lse), the gradient of a logit is p (grad . v - delta); both passes recompute
// it. The neighbourhood is symmetric, so a key gathers from its queries as a query does from its
// keys.

/// The arrays of a backward pass.
template <class S>
struct BackwardMemory {
  S *own_a, *own_b, *sums_a, *sums_b;  ///< rows of the tile
  S *near_a, *near_b;                  ///< a neighbouring row
  S *pairs_a, *pairs_b;                ///< [tile_rows][shifts][kLanes]
  S *lse, *delta;                      ///< of the rows of the tile or of a neighbouring row
  S *bias, *ones;
  std::int64_t pairs_stride;

  BackwardMemory(const Shape& shape, const Workspace& space, S* memory) {
    pairs_stride = shape.most_shifts() * kLanes;
    const auto pairs = shape.tile_rows * pairs_stride;
    const auto statistics = shape.tile_frames * shape.tile_rows * kLanes + space.neighbour_stride;
    own_a = memory;
    own_b = own_a + space.own;
    sums_a = own_b + space.own;
    sums_b = sums_a + space.own;
    near_a = sums_b + space.own;
    near_b = near_a + space.neighbour;
    pairs_a = near_b + space.neighbour;
    pairs_b = pairs_a + pairs;
    lse = pairs_b + pairs;
    delta = lse + statistics;
    bias = delta + statistics;
    ones = bias + pairs_stride;
    fill(ones, kLanes, S{1});
  }
};

/// lse and delta of one row of pairs: those of lane + shift (`Step` 1) or of the lane alone (0).
template <class S>
struct Statistics {
  const S *lse, *delta;
};

/// pairs_a: logits to weights p; pairs_b: grad . v to the gradient of the unscaled logits.
template <int Step, class S>
void differentiate(S* pairs_a, S* pairs_b, std::int64_t shifts, const S* bias, S scale,
                   Statistics<S> statistics) {
  for (std::int64_t s = 0; s < shifts; ++s) {
    for (int lane = 0; lane < kLanes; lane += Lanes<S>::count) {
      const auto at = s * kLanes + lane, from = s * Step + lane;
      const auto logit = load<Vec<S>>(pairs_a + at) * scale + load<Vec<S>>(bias + at);
      const auto p = exponential(logit - load<Vec<S>>(statistics.lse + from));
      const auto gradient = load<Vec<S>>(pairs_b + at) - load<Vec<S>>(statistics.delta + from);
      store(pairs_a + at, p);
      store(pairs_b + at, p * gradient * scale);
    }
  }
}

/// The rows of a tile that see one neighbouring row.
struct Group {
  std::int64_t place;  ///< of the first
  std::int64_t rows;
};

template <class S>
TileRows<S> group_rows(S* rows, Group group, const Workspace& space) {
  return {rows + group.place * space.own_stride, space.own_stride};
}

/// Both products of a group with neighbours a and b.
template <class S>
void dot_group(const BackwardMemory<S>& m, Group group, const Workspace& space, std::int64_t dim,
               std::int64_t shifts) {
  const Neighbours<S> near_a{m.near_a, space.neighbour_stride, dim};
  const Neighbours<S> near_b{m.near_b, space.neighbour_stride, dim};
  dot_rows<S>(group_rows<const S>(m.own_a, group, space), near_a, {m.pairs_a, m.pairs_stride},
              group.rows, shifts);
  dot_rows<S>(group_rows<const S>(m.own_b, group, space), near_b, {m.pairs_b, m.pairs_stride},
              group.rows, shifts);
}

/// The statistics of the tile's own queries: lse as saved, delta = sum of grad * out, which is also
/// kept for the pass over the keys. `own_b` holds grad; `sums_a` is used for out.
template <class T, class S = Real<T>>
void own_statistics(const BackwardArgs<T>& args, const TileView& view, const Workspace& space,
                    const BackwardMemory<S>& m) {
  turn_in_tile(view, args.out, m.sums_a, space.own_stride);
  const auto& tile = view.tile;
  for (auto t = tile.frames.first; t < tile.frames.end; ++t) {
    for (auto h = tile.rows.first; h < tile.rows.end; ++h) {
      const auto place = view.place(t, h);
      S* delta = m.delta + place * kLanes;
      fill(delta, kLanes, S{0});
      const S* grad = m.own_b + place * space.own_stride;
      const S* out = m.sums_a + place * space.own_stride;
      for (std::int64_t d = 0; d < args.shape.dim; ++d) {
        for (int i = 0; i < kLanes; ++i) delta[i] += grad[d * kLanes + i] * out[d * kLanes + i];
      }
      const auto at = view.statistics(t, h) + tile.cols.first;
      fill(m.lse + place * kLanes, kLanes, S{0});
      for (std::int64_t i = 0; i < tile.cols.size(); ++i) {
        m.lse[place * kLanes + i] = args.lse[at + i];
        args.delta[at + i] = delta[i];
      }
    }
  }
}

/// dq of one tile.
template <class T>
void query_gradient_tile(const BackwardArgs<T>& args, const Tile& tile, Real<T>* arrays) {
  using S = Real<T>;
  const auto& shape = args.shape;
  const TileView view{shape, tile};
  const Workspace space(shape);
  const BackwardMemory<S> m(shape, space, arrays);
  fill_bias(view, m.bias);
  turn_in_tile(view, args.q, m.own_a, space.own_stride);
  turn_in_tile(view, args.grad, m.own_b, space.own_stride);
  own_statistics(args, view, space, m);
  fill(m.sums_a, space.own, S{0});
  const auto frames = view.near_frames(), rows = view.near_rows();
  for (auto t = frames.first; t < frames.end; ++t) {
    for (auto h = rows.first; h < rows.end; ++h) {
      view.turn_in_near(args.k, t, h, m.near_a, space.neighbour_stride);
      view.turn_in_near(args.v, t, h, m.near_b, space.neighbour_stride);
      const auto seeing = view.frames_seeing(t), seeing_rows = view.rows_seeing(h);
      for (auto u = seeing.first; u < seeing.end; ++u) {
        const Group group{view.place(u, seeing_rows.first), seeing_rows.size()};
        dot_group(m, group, space, shape.dim, view.shifts());
        for (std::int64_t r = 0; r < group.rows; ++r) {
          const auto at = (group.place + r) * kLanes;
          differentiate<0, S>(m.pairs_a + r * m.pairs_stride, m.pairs_b + r * m.pairs_stride,
                              view.shifts(), m.bias, static_cast<S>(shape.scale),
                              {m.lse + at, m.delta + at});
        }
        add_rows<S>(group_rows(m.sums_a, group, space),
                    {m.near_a, space.neighbour_stride, shape.dim}, {m.pairs_b, m.pairs_stride},
                    group.rows, view.shifts());
      }
    }
  }
  turn_out_tile(view, m.sums_a, space.own_stride, m.ones, 0, args.dq);
}

/// The statistics of a neighbouring row of queries; 0 outside the grid.
template <class S>
void near_statistics(const TileView& view, const S* from, std::int64_t t, std::int64_t h, S* to) {
  const S* row = from + view.statistics(t, h);
  for (std::int64_t i = 0; i < view.near_width(); ++i) {
    const auto c = view.first_near() + i;
    to[i] = c >= 0 && c < view.shape.cols ? row[c] : S{0};
  }
}

/// dk and dv of one tile.
template <class T>
void key_gradient_tile(const BackwardArgs<T>& args, const Tile& tile, Real<T>* arrays) {
  using S = Real<T>;
  const auto& shape = args.shape;
  const TileView view{shape, tile};
  const Workspace space(shape);
  const BackwardMemory<S> m(shape, space, arrays);
  fill_bias(view, m.bias);
  turn_in_tile(view, args.k, m.own_a, space.own_stride);
  turn_in_tile(view, args.v, m.own_b, space.own_stride);
  fill(m.sums_a, 2 * space.own, S{0});
  const auto frames = view.near_frames(), rows = view.near_rows();
  for (auto t = frames.first; t < frames.end; ++t) {
    for (auto h = rows.first; h < rows.end; ++h) {
      view.turn_in_near(args.q, t, h, m.near_a, space.neighbour_stride);
      view.turn_in_near(args.grad, t, h, m.near_b, space.neighbour_stride);
      near_statistics(view, args.lse, t, h, m.lse);
      near_statistics(view, static_cast<const S*>(args.delta), t, h, m.delta);
      const auto seeing = view.frames_seeing(t), seeing_rows = view.rows_seeing(h);
      for (auto u = seeing.first; u < seeing.end; ++u) {
        const Group group{view.place(u, seeing_rows.first), seeing_rows.size()};
        dot_group(m, group, space, shape.dim, view.shifts());
        for (std::int64_t r = 0; r < group.rows; ++r) {
          differentiate<1, S>(m.pairs_a + r * m.pairs_stride, m.pairs_b + r * m.pairs_stride,
                              view.shifts(), m.bias, static_cast<S>(shape.scale), {m.lse, m.delta});
        }
        add_rows<S>(group_rows(m.sums_a, group, space),
                    {m.near_a, space.neighbour_stride, shape.dim}, {m.pairs_b, m.pairs_stride},
                    group.rows, view.shifts());
        add_rows<S>(group_rows(m.sums_b, group, space),
                    {m.near_b, space.neighbour_stride, shape.dim}, {m.pairs_a, m.pairs_stride},
                    group.rows, view.shifts());
      }
    }
  }
  turn_out_tile(view, m.sums_a, space.own_stride, m.ones, 0, args.dk);
  turn_out_tile(view, m.sums_b, space.own_stride, m.ones, 0, args.dv);
}
