// The forward pass over one tile. Part of window_attention_kernel.inl.

/// One row of queries: pairs(t, h) `[rows][shifts][kLanes]` for each near frame.
template <class S>
struct RowLogits {
  S* data;
  std::int64_t frames, frame_stride;
  std::int64_t rows, shifts;
};

/// Scaled and biased logits in place; returns the greatest of each lane.
template <class S>
OASIS_INLINE Vec<S> bias_logits(RowLogits<S> logits, int lane, const S* bias, S scale) {
  auto most = spread<Vec<S>>(static_cast<S>(-1e30));
  for (std::int64_t t = 0; t < logits.frames; ++t) {
    S* at = logits.data + t * logits.frame_stride + lane;
    for (std::int64_t h = 0; h < logits.rows; ++h) {
      for (std::int64_t s = 0; s < logits.shifts; ++s, at += kLanes) {
        const auto x = load<Vec<S>>(at) * scale + load<Vec<S>>(bias + s * kLanes + lane);
        store(at, x);
        most = larger(x, most);
      }
    }
  }
  return most;
}

/// Logits to weights that still lack the division by their sum; lse and 1 / sum: kLanes each.
template <class S>
void soften(RowLogits<S> logits, const S* bias, S scale, S* lse, S* inverse) {
  for (int lane = 0; lane < kLanes; lane += Lanes<S>::count) {
    const auto most = bias_logits(logits, lane, bias, scale);
    auto sum = Vec<S>{};
    for (std::int64_t t = 0; t < logits.frames; ++t) {
      S* at = logits.data + t * logits.frame_stride + lane;
      for (std::int64_t i = 0; i < logits.rows * logits.shifts; ++i, at += kLanes) {
        const auto weight = exponential(load<Vec<S>>(at) - most);
        store(at, weight);
        sum += weight;
      }
    }
    // Only lanes outside the grid can have no neighbour; their results are never stored.
    sum = sum == Vec<S>{} ? spread<Vec<S>>(S{1}) : sum;
    store(inverse + lane, S{1} / sum);
    for (int i = 0; i < Lanes<S>::count; ++i) {
      lse[lane + i] = most[i] + static_cast<S>(__builtin_log(static_cast<double>(sum[i])));
    }
  }
}

/// The arrays of a forward pass.
template <class S>
struct ForwardMemory {
  S *own, *sums, *near, *logits, *inverse, *bias;

  ForwardMemory(const Shape& shape, const Workspace& space, S* memory)
      : own(memory),
        sums(own + space.own),
        near(sums + space.own),
        logits(near + space.neighbour),
        inverse(logits + shape.tile_frames * shape.tile_rows * space.logits_stride),
        bias(inverse + shape.tile_frames * shape.tile_rows * kLanes) {}
};

/// `Product` between every row of the tile in `own` and every row of `x` near it, with the logits
/// of the pair.
template <class Product, class T, class Own, class Pairs, class S>
void for_all_pairs(const TileView& view, const Workspace& space, const Tokens<const T>& x, S* near,
                   Own* own, Pairs* logits) {
  const auto& shape = view.shape;
  const auto frames = view.near_frames(), rows = view.near_rows();
  const Neighbours<S> neighbours{near, space.neighbour_stride, shape.dim};
  for (auto t = frames.first; t < frames.end; ++t) {
    for (auto h = rows.first; h < rows.end; ++h) {
      view.turn_in_near(x, t, h, near, space.neighbour_stride);
      const auto seeing = view.frames_seeing(t), seeing_rows = view.rows_seeing(h);
      for (auto u = seeing.first; u < seeing.end; ++u) {
        const auto place = view.place(u, seeing_rows.first);
        all_rows<Product, OASIS_BLOCK_ROWS>(
            TileRows<Own>{own + place * space.own_stride, space.own_stride}, neighbours,
            TileRows<Pairs>{logits + place * space.logits_stride + view.slot(u, t, h),
                            space.logits_stride},
            seeing_rows.size(), view.shifts());
      }
    }
  }
}

/// Softmax of every row of the tile; lse goes to its place.
template <class T, class S = Real<T>>
void soften_tile(const ForwardArgs<T>& args, const TileView& view, const Workspace& space,
                 const ForwardMemory<S>& memory) {
  const auto& shape = args.shape;
  const auto& tile = view.tile;
  for (auto t = tile.frames.first; t < tile.frames.end; ++t) {
    const auto frames = around({t, t + 1}, shape.reach_frames, shape.frames);
    for (auto h = tile.rows.first; h < tile.rows.end; ++h) {
      const auto rows = around({h, h + 1}, shape.reach_rows, shape.rows);
      const auto place = view.place(t, h);
      const RowLogits<S> logits{
          memory.logits + place * space.logits_stride + view.slot(t, frames.first, rows.first),
          frames.size(), view.frame_slots(), rows.size(), view.shifts()};
      S lse[kLanes];
      soften(logits, memory.bias, static_cast<S>(shape.scale), lse,
             memory.inverse + place * kLanes);
      S* to = args.lse + view.statistics(t, h) + tile.cols.first;
      for (std::int64_t i = 0; i < tile.cols.size(); ++i) to[i] = lse[i];
    }
  }
}

template <class T>
void forward_tile(const ForwardArgs<T>& args, const Tile& tile, Real<T>* arrays) {
  using S = Real<T>;
  const TileView view{args.shape, tile};
  const Workspace space(args.shape);
  const ForwardMemory<S> memory(args.shape, space, arrays);
  fill_bias(view, memory.bias);
  turn_in_tile(view, args.q, memory.own, space.own_stride);
  for_all_pairs<Dot>(view, space, args.k, memory.near, static_cast<const S*>(memory.own),
                     memory.logits);
  soften_tile(args, view, space, memory);
  fill(memory.sums, space.own, S{0});
  for_all_pairs<Add>(view, space, args.v, memory.near, memory.sums,
                     static_cast<const S*>(memory.logits));
  turn_out_tile(view, memory.sums, space.own_stride, memory.inverse, kLanes, args.out);
}
