#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace oasis::routing {

/// How the loss of restricting a head to fewer keys is measured. With p the attention of a query
/// and m its mass on the keys that would be left; smaller means that less is lost.
enum class Score {
  forward_floor,  ///< KL(p || p restricted), with eps instead of 0 on the keys left out
  reverse,        ///< KL(p restricted || p) = -ln m
  leaked_mass,    ///< 1 - m
};
inline constexpr std::array kScores = {Score::forward_floor, Score::reverse, Score::leaked_mass};

/// The restrictions that are compared, in the order in which a tie between them is decided.
enum class Pattern { intra, window };
inline constexpr std::array kPatterns = {Pattern::intra, Pattern::window};

inline constexpr std::size_t kScoresPerHead = kScores.size() * kPatterns.size();

/// "forward_floor", "reverse" or "leaked_mass".
std::string to_string(Score score);

/// The inverse of `to_string`; anything else throws `oasis::Error` (usage).
Score score_from(const std::string& name);

/// The scores of every head of a transformer: `[layers, heads, score, pattern]` in double.
class HeadScores {
 public:
  HeadScores() = default;
  HeadScores(std::int64_t layers, std::int64_t heads);

  std::int64_t layers() const { return layers_; }
  std::int64_t heads() const { return heads_; }

  double& at(std::int64_t layer, std::int64_t head, Score score, Pattern pattern) {
    return values_[index(layer, head, score, pattern)];
  }
  double at(std::int64_t layer, std::int64_t head, Score score, Pattern pattern) const {
    return values_[index(layer, head, score, pattern)];
  }

  /// All numbers, pattern fastest.
  const std::vector<double>& values() const { return values_; }
  std::vector<double>& values() { return values_; }

 private:
  std::size_t index(std::int64_t layer, std::int64_t head, Score score, Pattern pattern) const {
    const auto place = static_cast<std::size_t>(layer * heads_ + head);
    return place * kScoresPerHead + static_cast<std::size_t>(score) * kPatterns.size() +
           static_cast<std::size_t>(pattern);
  }

  std::int64_t layers_ = 0;
  std::int64_t heads_ = 0;
  std::vector<double> values_;
};

/// The mean over videos, each counting the same whatever its size. Keeps only the sum, so its
/// memory does not grow with the number of videos; add them in a fixed order for equal bytes.
class MeanScores {
 public:
  /// Throws `oasis::Error` unless all have one shape.
  void add(const HeadScores& video);
  std::int64_t count() const { return count_; }
  /// Throws `oasis::Error` if nothing was added.
  HeadScores mean() const;

 private:
  HeadScores sum_;
  std::int64_t count_ = 0;
};

}  // namespace oasis::routing
