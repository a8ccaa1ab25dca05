#include "degrade/noise_words.h"

#include "degrade/cpu_clones.h"

namespace oasis::degrade {
namespace {

// `philox` for a batch of counters, in vector code.
OASIS_CLONES_EXACT
void philox_batch(WordBatch& words, PhiloxKey key) {
  constexpr std::uint64_t multiplier_0 = 0xD2511F53, multiplier_1 = 0xCD9E8D57;
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      const std::uint64_t product_0 = multiplier_0 * words[0][i];
      const std::uint64_t product_1 = multiplier_1 * words[2][i];
      words[0][i] = static_cast<std::uint32_t>(product_1 >> 32) ^ words[1][i] ^ key[0];
      words[1][i] = static_cast<std::uint32_t>(product_1);
      words[2][i] = static_cast<std::uint32_t>(product_0 >> 32) ^ words[3][i] ^ key[1];
      words[3][i] = static_cast<std::uint32_t>(product_0);
    }
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
}

}  // namespace

void draw_words(const NoiseStream& stream, std::size_t first_block, WordBatch& words) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    words[0][i] = static_cast<std::uint32_t>(first_block + i);
    words[1][i] = stream.frame;
    words[2][i] = stream.instance;
    words[3][i] = static_cast<std::uint32_t>(Purpose::noise);
  }
  philox_batch(words, stream.source.key());
}

}  // namespace oasis::degrade
