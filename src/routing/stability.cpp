#include "oasis/routing/stability.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "oasis/core/error.h"

namespace oasis::routing {
namespace {

constexpr std::int64_t kPaperSubset = 50;

/// A whole number below `bound`. The standard's distributions differ between libraries.
std::uint64_t draw_below(std::mt19937_64& engine, std::uint64_t bound) {
  const std::uint64_t usable = std::mt19937_64::max() - std::mt19937_64::max() % bound;
  std::uint64_t value = engine();
  while (value >= usable) value = engine();
  return value % bound;
}

/// Marks which videos each subset holds: `[subsets][videos]`.
std::vector<std::vector<bool>> draw_subsets(std::int64_t videos, std::int64_t subsets,
                                            std::int64_t size, std::uint64_t seed) {
  std::vector<std::vector<bool>> members;
  for (std::int64_t i = 0; i < subsets; ++i) {
    std::vector<bool> member(static_cast<std::size_t>(videos), false);
    const auto order = random_order(videos, seed + static_cast<std::uint64_t>(i) + 1);
    for (std::int64_t j = 0; j < size; ++j) {
      member[static_cast<std::size_t>(order[static_cast<std::size_t>(j)])] = true;
    }
    members.push_back(std::move(member));
  }
  return members;
}

double jaccard(const HeadKinds& a, const HeadKinds& b, nn::HeadKind kind) {
  std::int64_t in_both = 0, in_any = 0;
  for (std::size_t layer = 0; layer < a.size(); ++layer) {
    for (std::size_t head = 0; head < a[layer].size(); ++head) {
      const bool in_a = a[layer][head] == kind, in_b = b[layer][head] == kind;
      in_both += in_a && in_b ? 1 : 0;
      in_any += in_a || in_b ? 1 : 0;
    }
  }
  return in_any == 0 ? 1.0 : static_cast<double>(in_both) / static_cast<double>(in_any);
}

double agreement(const HeadKinds& a, const HeadKinds& b) {
  const auto heads = static_cast<double>(a.size() * a.front().size());
  return 1 - static_cast<double>(differing_heads(a, b)) / heads;
}

void compare_pairs(Stability& result) {
  const auto count = result.maps.size();
  result.agreement.assign(count, std::vector<double>(count, 1.0));
  double agree = 0, global = 0, intra = 0, window = 0;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i + 1; j < count; ++j) {
      const auto &a = result.maps[i], &b = result.maps[j];
      const double share = agreement(a, b);
      result.agreement[i][j] = result.agreement[j][i] = share;
      result.least_agreement = std::min(result.least_agreement, share);
      agree += share;
      global += jaccard(a, b, nn::HeadKind::global);
      intra += jaccard(a, b, nn::HeadKind::intra);
      window += jaccard(a, b, nn::HeadKind::window);
    }
  }
  const double pairs = static_cast<double>(count * (count - 1)) / 2;
  result.mean_agreement = agree / pairs;
  result.jaccard_global = global / pairs;
  result.jaccard_intra = intra / pairs;
  result.jaccard_window = window / pairs;
  result.jaccard = (result.jaccard_global + result.jaccard_intra + result.jaccard_window) / 3;
}

void compare_with(const HeadKinds& all, Stability& result) {
  const auto share = 1.0 / static_cast<double>(result.maps.size());
  for (std::size_t layer = 0; layer < all.size(); ++layer) {
    std::vector<double> row;
    for (std::size_t head = 0; head < all[layer].size(); ++head) {
      const auto same = std::count_if(result.maps.begin(), result.maps.end(), [&](const auto& map) {
        return map[layer][head] == all[layer][head];
      });
      row.push_back(static_cast<double>(same) * share);
    }
    result.head_agreement.push_back(std::move(row));
  }
}

}  // namespace

std::vector<std::int64_t> random_order(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 engine(seed);
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[draw_below(engine, i)]);
  }
  return order;
}

std::int64_t subset_size(std::int64_t videos) {
  return videos < 2 * kPaperSubset ? std::max<std::int64_t>(videos / 2, 1) : kPaperSubset;
}

Stability measure_stability(std::int64_t videos,
                            const std::function<HeadScores(std::int64_t)>& video,
                            std::int64_t subsets, std::uint64_t seed, Score score, double rho,
                            const HeadKinds& all) {
  if (videos < 2 || subsets < 2) {
    throw Error(ExitCode::usage, "stability needs at least two videos and two subsets");
  }
  Stability result;
  result.subset = subset_size(videos);
  const auto members = draw_subsets(videos, subsets, result.subset, seed);
  std::vector<MeanScores> means(members.size());
  for (std::int64_t i = 0; i < videos; ++i) {
    const HeadScores scores = video(i);
    for (std::size_t s = 0; s < members.size(); ++s) {
      if (members[s][static_cast<std::size_t>(i)]) means[s].add(scores);
    }
  }
  for (const auto& mean : means) result.maps.push_back(assign(mean.mean(), score, rho));
  compare_pairs(result);
  compare_with(all, result);
  return result;
}

}  // namespace oasis::routing
