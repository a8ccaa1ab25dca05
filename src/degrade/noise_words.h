#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "oasis/degrade/noise.h"

namespace oasis::degrade {

/// Philox blocks that are computed together.
constexpr std::size_t kBatch = 64;

/// Word w of block i is `[w][i]`.
using WordBatch = std::array<std::array<std::uint32_t, kBatch>, 4>;

/// The blocks `first_block`, `first_block + 1`, ... of a frame's noise.
void draw_words(const NoiseStream& stream, std::size_t first_block, WordBatch& words);

}  // namespace oasis::degrade
