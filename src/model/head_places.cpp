#include "oasis/model/head_places.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <vector>

#include "oasis/core/error.h"

namespace oasis::model {
namespace {

/// Of random queries and keys, in units of their own deviation.
constexpr double bias = 4;

/// A rotated pair whose product of constants falls with the distance.
struct Pair {
  std::int64_t channel;  ///< its first one, within the head
  double product;        ///< of query and key before the division by sqrt(head_dim)
};

/// The two fastest rotations of an axis: the first falls at once but repeats after 2 pi tokens, the
/// second does not. `first` and `count` are the axis's pairs in a head.
std::vector<Pair> axis_pairs(std::int64_t first, double fast, double slow) {
  return {{2 * first, fast}, {2 * (first + 1), slow}};
}

std::vector<Pair> head_pairs(std::int64_t head, std::int64_t head_dim) {
  const std::int64_t spatial = head_dim / 2 / 3, temporal = head_dim / 2 - 2 * spatial;
  // The drops of the header for heads of 32 channels; logits are divided by sqrt(head_dim).
  const double scale = std::sqrt(static_cast<double>(head_dim) / 32);
  std::vector<Pair> pairs;
  const auto add = [&pairs](const std::vector<Pair>& more) {
    pairs.insert(pairs.end(), more.begin(), more.end());
  };
  if (head % 4 == 1 || head % 4 == 3) add(axis_pairs(0, 24 * scale, 8 * scale));
  if (head % 4 >= 2) {
    add(axis_pairs(temporal, 8 * scale, 48 * scale));
    add(axis_pairs(temporal + spatial, 8 * scale, 48 * scale));
  }
  return pairs;
}

}  // namespace

void give_heads_places(WanDit& dit) {
  const torch::NoGradGuard no_grad;
  const WanDitConfig& config = dit.config();
  const std::int64_t head_dim = config.dim / config.num_heads;
  if (head_dim < 12) {
    throw Error(ExitCode::usage,
                fmt::format("heads of {} channels have too few rotations to begin near their "
                            "tokens; 12 are needed",
                            head_dim));
  }
  double constants = 0;  // sum of the squared biases
  for (std::int64_t head = 0; head < config.num_heads; ++head) {
    constants += bias * bias * static_cast<double>(head_pairs(head, head_dim).size());
  }
  // What a bias is after the RMS norm over all heads' channels, whose random part has variance 1.
  const double normed = bias / std::sqrt(1 + constants / static_cast<double>(config.dim));
  auto parameters = dit.named_parameters();
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    for (const char* side : {"q", "k"}) {
      const std::string name = fmt::format("blocks.{}.self_attn.", layer);
      at::Tensor biases = parameters[name + side + ".bias"];
      at::Tensor gains = parameters[fmt::format("{}norm_{}.weight", name, side)];
      for (std::int64_t head = 0; head < config.num_heads; ++head) {
        for (const Pair& pair : head_pairs(head, head_dim)) {
          biases[head * head_dim + pair.channel] = bias;
          gains[head * head_dim + pair.channel] = std::sqrt(pair.product) / normed;
        }
      }
    }
  }
}

}  // namespace oasis::model
