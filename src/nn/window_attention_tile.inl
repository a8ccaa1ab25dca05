// A tile and its rows in memory. Part of window_attention_kernel.inl.

/// A tile of `args.shape` with what every pass asks of it.
struct TileView {
  const Shape& shape;
  Tile tile;

  std::int64_t shifts() const { return tile.shifts.size(); }
  /// The first column of a neighbouring row and the columns that the lanes reach.
  std::int64_t first_near() const { return tile.cols.first + tile.shifts.first; }
  std::int64_t near_width() const { return kLanes + shifts() - 1; }
  Span near_frames() const { return around(tile.frames, shape.reach_frames, shape.frames); }
  Span near_rows() const { return around(tile.rows, shape.reach_rows, shape.rows); }
  /// The tile's frames or rows that see frame `t` or row `h`.
  Span frames_seeing(std::int64_t t) const {
    return intersection(tile.frames, around({t, t + 1}, shape.reach_frames, shape.frames));
  }
  Span rows_seeing(std::int64_t h) const {
    return intersection(tile.rows, around({h, h + 1}, shape.reach_rows, shape.rows));
  }
  /// The place of row (t, h) among the rows of the tile.
  std::int64_t place(std::int64_t t, std::int64_t h) const {
    return (t - tile.frames.first) * shape.tile_rows + h - tile.rows.first;
  }
  template <class T>
  GridRow<T> row(const Tokens<T>& x, std::int64_t t, std::int64_t h) const {
    return {x.at(tile.batch, shape.token(t, h, 0), tile.head), x.token_stride, shape.cols};
  }
  /// The neighbouring row (t, h), channel by channel.
  template <class T, class S>
  void turn_in_near(const Tokens<const T>& x, std::int64_t t, std::int64_t h, S* to,
                    std::int64_t stride) const {
    turn_in(row(x, t, h), first_near(), near_width(), shape.dim, to, stride);
  }
  /// The logits of one near frame, and where those of a row in frame `own_t` with row (t, h) start.
  std::int64_t frame_slots() const { return near_rows().size() * shifts() * kLanes; }
  std::int64_t slot(std::int64_t own_t, std::int64_t t, std::int64_t h) const {
    const auto first = around({own_t, own_t + 1}, shape.reach_frames, shape.frames).first;
    return (t - first) * frame_slots() + (h - near_rows().first) * shifts() * kLanes;
  }
  /// Where row (t, h) starts in `[B, heads, N]`.
  std::int64_t statistics(std::int64_t t, std::int64_t h) const {
    return (tile.batch * shape.heads + tile.head) * shape.tokens() + shape.token(t, h, 0);
  }
};

template <class S>
void fill(S* to, std::int64_t count, S value) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = value;
}

/// bias[shift][lane]: 0, or -infinity where the neighbour's column is outside the grid.
template <class S>
void fill_bias(const TileView& view, S* bias) {
  for (std::int64_t s = 0; s < view.shifts(); ++s) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const auto c = view.first_near() + s + lane;
      bias[s * kLanes + lane] =
          c >= 0 && c < view.shape.cols ? S{0} : -static_cast<S>(__builtin_inf());
    }
  }
}

/// All rows of a tile, channel by channel.
template <class T, class S>
void turn_in_tile(const TileView& view, const Tokens<const T>& x, S* to, std::int64_t stride) {
  for (auto t = view.tile.frames.first; t < view.tile.frames.end; ++t) {
    for (auto h = view.tile.rows.first; h < view.tile.rows.end; ++h) {
      turn_in(view.row(x, t, h), view.tile.cols.first, kLanes, view.shape.dim,
              to + view.place(t, h) * stride, kLanes);
    }
  }
}

/// The inverse, row i times factor[i * factor_stride + lane].
template <class T, class S>
void turn_out_tile(const TileView& view, const S* from, std::int64_t stride, const S* factor,
                   std::int64_t factor_stride, const Tokens<T>& x) {
  for (auto t = view.tile.frames.first; t < view.tile.frames.end; ++t) {
    for (auto h = view.tile.rows.first; h < view.tile.rows.end; ++h) {
      const auto place = view.place(t, h);
      turn_out(from + place * stride, factor + place * factor_stride, view.tile.cols.first,
               view.shape.dim, view.row(x, t, h));
    }
  }
}
