#pragma once

#include <cstddef>
#include <cstdint>

namespace oasis::data {

/// Which of `count` clips sample `uid` takes: each epoch of `count` samples is a permutation of its
/// own, drawn from (seed, epoch) by Fisher and Yates on Philox words, the same everywhere.
std::size_t clip_of_sample(std::uint64_t uid, std::size_t count, std::uint64_t seed);

}  // namespace oasis::data
