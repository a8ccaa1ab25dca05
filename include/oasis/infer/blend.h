#pragma once

#include <cstdint>
#include <vector>

namespace oasis::infer {

/// A stretch `[first, first + count)` of an axis: of frames, rows or columns.
struct Span {
  std::int64_t first = 0;
  std::int64_t count = 0;

  std::int64_t end() const { return first + count; }
  bool operator==(const Span&) const = default;
};

/// Weight of the later of two pieces at position `i` of an overlap of `overlap` positions, in
/// (0, 1): a straight line that reaches neither end, so that every position draws on both pieces.
/// The earlier piece has one minus this.
double fade_in_weight(std::int64_t i, std::int64_t overlap);

/// Weights for joining `spans`, sorted by `first`, over an axis of `length` positions: for each
/// span one weight per position, every one above 0, and at each position of the axis the weights of
/// all spans that cover it sum to 1. A span falls off linearly towards a neighbour it overlaps, and
/// not at all towards an end of the axis. The product of such weights of two axes sums to 1 over a
/// frame, corners included.
std::vector<std::vector<double>> blend_weights(const std::vector<Span>& spans, std::int64_t length);

}  // namespace oasis::infer
