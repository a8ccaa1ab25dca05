#include "oasis/data/epoch_order.h"

#include <numeric>
#include <utility>
#include <vector>

#include "oasis/core/philox.h"

namespace oasis::data {
namespace {

std::vector<std::size_t> permutation(std::uint64_t epoch, std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const PhiloxKey key = {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  for (std::size_t i = count; i-- > 1;) {
    const PhiloxCounter words =
        philox({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(epoch),
                static_cast<std::uint32_t>(epoch >> 32), 0x65706f63U},
               key);
    const std::uint64_t bits = (std::uint64_t{words[0]} << 32) | words[1];
    std::swap(order[i], order[bits % (i + 1)]);
  }
  return order;
}

}  // namespace

std::size_t clip_of_sample(std::uint64_t uid, std::size_t count, std::uint64_t seed) {
  struct Last {
    std::uint64_t epoch = 0;
    std::uint64_t seed = 0;
    std::vector<std::size_t> order;
  };
  thread_local Last last;
  const std::uint64_t epoch = uid / count;
  if (last.order.size() != count || last.epoch != epoch || last.seed != seed) {
    last = {epoch, seed, permutation(epoch, count, seed)};
  }
  return last.order[uid % count];
}

}  // namespace oasis::data
