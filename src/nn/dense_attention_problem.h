#pragma once

#include <cstdint>

#include "nn/window_attention_problem.h"

// What the CPU kernels of dense attention work on: a block of queries of one head meets all keys of
// that head, block by block and always in the same order, so results depend neither on the number
// of threads nor on the other queries. Lanes of vectors are queries. Keys and values are packed
// once per head into words of 4 bytes, one float or two bfloat16, so that one loop serves both
// products: sums over words of (one word of eight rows) x (the words of all lanes).

namespace oasis::nn::dense_cpu {

using window_cpu::kLanes;
using window_cpu::Span;
using window_cpu::Tokens;

using Word = std::int32_t;

constexpr std::int64_t kQueries = 48;  ///< of a block; lanes of all arrays of a block
constexpr std::int64_t kKeys = 64;     ///< of a block
constexpr std::int64_t kPanel = 8;     ///< keys, or channels of values, side by side when packed

struct Shape {
  std::int64_t batch = 0, heads = 0, dim = 0;
  std::int64_t queries = 0, keys = 0;  ///< tokens
  std::int64_t per_word = 1;           ///< elements of a word
  double scale = 1;                    ///< of the logits

  std::int64_t query_blocks() const { return (queries + kQueries - 1) / kQueries; }
  std::int64_t key_blocks() const { return (keys + kKeys - 1) / kKeys; }
  /// Words of the channels of a token.
  std::int64_t words() const { return dim / per_word; }
  /// Words of a packed block of keys, `[kKeys / kPanel][words][kPanel]`, and as many of its values,
  /// `[dim / kPanel][kKeys / per_word][kPanel]`, which follow.
  std::int64_t packed_block() const { return kKeys * words(); }
  std::int64_t packed_head() const { return key_blocks() * 2 * packed_block(); }
};

/// Block `index` of the tokens of several heads, `blocks` of them per head.
struct Place {
  std::int64_t batch, head, first;

  Place(const Shape& shape, std::int64_t first_head, std::int64_t index, std::int64_t blocks,
        std::int64_t block) {
    const auto flat = first_head + index / blocks;
    batch = flat / shape.heads;
    head = flat % shape.heads;
    first = index % blocks * block;
  }
};

/// The arrays of one thread, in floats (or words); kQueries lanes each.
struct Workspace {
  std::int64_t queries = 0;  ///< [words][kQueries]
  std::int64_t pairs = 0;    ///< [kKeys][kQueries] logits, then weights in words
  std::int64_t sums = 0;     ///< [dim][kQueries] weighted values
  std::int64_t all = 0;      ///< with the greatest logit, the decay and the sum of weights

  explicit Workspace(const Shape& shape)
      : queries(shape.words() * kQueries),
        pairs(kKeys * kQueries),
        sums(shape.dim * kQueries),
        all(queries + pairs + sums + 3 * kQueries) {}
};

/// The heads `first_head`, ... (batch by batch) whose packed keys and values are in memory.
template <class T>
struct Args {
  Shape shape;
  Tokens<const T> q, k, v;
  Tokens<T> out;
  std::int64_t first_head = 0;
  Word* packed = nullptr;  ///< [heads][key_blocks][2][packed_block]
};

/// The two passes over blocks, compiled for one instruction set.
template <class T>
struct Passes {
  void (*pack)(const Args<T>& args, Span key_blocks);
  /// `memory` holds `Workspace::all` floats.
  void (*attend)(const Args<T>& args, Span query_blocks, float* memory);
};

}  // namespace oasis::nn::dense_cpu
