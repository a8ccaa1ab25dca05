#include "degrade/poisson_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <utility>

namespace oasis::degrade {
namespace {

constexpr double deviations = 8;

// Probabilities of the counts from `first` on, up to a factor: outwards from the mode by ratios.
std::vector<double> relative_probabilities(double rate, std::int32_t first, std::size_t count) {
  std::vector<double> shares(count);
  const auto mode = static_cast<std::size_t>(static_cast<std::int32_t>(std::floor(rate)) - first);
  shares[mode] = 1;
  for (std::size_t i = mode; i + 1 < count; ++i) {
    shares[i + 1] = shares[i] * rate / (first + static_cast<double>(i) + 1);
  }
  for (std::size_t i = mode; i > 0; --i) {
    shares[i - 1] = shares[i] * (first + static_cast<double>(i)) / rate;
  }
  return shares;
}

}  // namespace

PoissonTable::PoissonTable(double rate) {
  constexpr std::uint32_t last_end = 0xFFFFFFFF;
  if (rate <= 0) {
    ends_ = {last_end};
    return;
  }
  const double reach = deviations * std::sqrt(rate) + deviations;
  first_ = static_cast<std::int32_t>(std::max(0.0, std::floor(rate - reach)));
  const auto count = static_cast<std::size_t>(std::ceil(rate + reach) - first_) + 1;
  const auto shares = relative_probabilities(rate, first_, count);
  double total = 0;
  for (const double share : shares) total += share;
  double sum = 0;
  ends_.reserve(count);
  for (const double share : shares) {
    sum += share;
    ends_.push_back(static_cast<std::uint32_t>(
        std::min(std::floor(sum / total * 0x1p32), static_cast<double>(last_end))));
  }
  ends_.back() = last_end;
  std::size_t place = 0;
  for (std::size_t bin = 0; bin < guide_.size(); ++bin) {
    while (ends_[place] <= bin << 24) ++place;
    guide_[bin] = static_cast<std::uint16_t>(place);
  }
}

std::shared_ptr<const PoissonTables> poisson_tables(int levels, PoissonConvention convention) {
  static std::mutex mutex;
  static std::map<std::pair<int, PoissonConvention>, std::shared_ptr<const PoissonTables>> made;
  const std::lock_guard lock(mutex);
  auto& tables = made[{levels, convention}];
  if (!tables) {
    auto fresh = std::make_shared<PoissonTables>();
    for (int v = 0; v < 256; ++v) fresh->emplace_back(poisson_rate(v, levels, convention));
    tables = std::move(fresh);
  }
  return tables;
}

}  // namespace oasis::degrade
