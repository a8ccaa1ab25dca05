#include "oasis/degrade/random_source.h"

namespace oasis::degrade {
namespace {

// The key is a hash of the sample: Philox itself, keyed by the seed. The last word sets these
// blocks apart from every other use of the seed as a key.
PhiloxKey key_of(const SampleKey& sample) {
  constexpr std::uint32_t domain = 0x4C515345;
  const auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  const auto high = [](std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); };
  const PhiloxCounter hash = philox({low(sample.uid), high(sample.uid), sample.stage, domain},
                                    {low(sample.seed), high(sample.seed)});
  return {hash[0], hash[1]};
}

}  // namespace

RandomSource::RandomSource(const SampleKey& sample) : key_(key_of(sample)) {}

double RandomSource::uniform(const DrawPlace& place) const {
  const PhiloxCounter drawn = words(place);
  const std::uint64_t bits = (std::uint64_t{drawn[0]} << 32 | drawn[1]) >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}

std::int64_t RandomSource::integer(const DrawPlace& place, std::int64_t low,
                                   std::int64_t high) const {
  const double count = static_cast<double>(high - low) + 1;
  return low + static_cast<std::int64_t>(uniform(place) * count);
}

}  // namespace oasis::degrade
