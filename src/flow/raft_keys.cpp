#include "flow/raft_keys.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <array>
#include <regex>

#include "oasis/core/error.h"

namespace oasis::flow {
namespace {

struct Rule {
  std::regex pattern;
  const char* replacement;
};

std::string princeton_name(std::string name, bool one_gru) {
  static const std::array rules = {
      Rule{std::regex("^feature_encoder\\."), "fnet."},
      Rule{std::regex("^context_encoder\\."), "cnet."},
      Rule{std::regex("^([fc]net)\\.convnormrelu\\.0\\."), "$1.conv1."},
      Rule{std::regex("^([fc]net)\\.convnormrelu\\.1\\."), "$1.norm1."},
      Rule{std::regex("^([fc]net)\\.conv\\."), "$1.conv2."},
      Rule{std::regex("\\.convnormrelu([123])\\.0\\."), ".conv$1."},
      Rule{std::regex("\\.convnormrelu([123])\\.1\\."), ".norm$1."},
      Rule{std::regex("^update_block\\.motion_encoder\\.convcorr([12])\\.0\\."),
           "update_block.encoder.convc$1."},
      Rule{std::regex("^update_block\\.motion_encoder\\.convflow([12])\\.0\\."),
           "update_block.encoder.convf$1."},
      Rule{std::regex("^update_block\\.motion_encoder\\.conv\\.0\\."),
           "update_block.encoder.conv."},
      Rule{std::regex("^mask_predictor\\.convrelu\\.0\\."), "update_block.mask.0."},
      Rule{std::regex("^mask_predictor\\.conv\\."), "update_block.mask.2."},
  };
  static const std::regex gru("^update_block\\.recurrent_block\\.convgru([12])\\.conv([zrq])\\.");
  for (const Rule& rule : rules) name = std::regex_replace(name, rule.pattern, rule.replacement);
  return std::regex_replace(name, gru,
                            one_gru ? "update_block.gru.conv$2." : "update_block.gru.conv$2$1.");
}

// norm3 of a residual block, norm4 of a bottleneck: the second name of the shortcut's norm.
std::string shortcut_name(const std::string& name, bool bottleneck) {
  static const std::regex residual("(layer[23]\\.0)\\.norm3\\.");
  static const std::regex narrow("(layer[23]\\.0)\\.norm4\\.");
  return std::regex_replace(name, bottleneck ? narrow : residual, "$1.downsample.1.");
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

checkpoint::StateDict raft_weights(const checkpoint::StateDict& file, bool bottleneck,
                                   const std::string& what) {
  const checkpoint::StateDict source = checkpoint::strip_common_prefix(file, {"module."});
  const bool torchvision = source.count("feature_encoder.convnormrelu.0.weight") != 0;
  const bool one_gru = source.count("update_block.recurrent_block.convgru2.convz.weight") == 0;
  checkpoint::StateDict weights;
  for (const auto& [name, tensor] : source) {
    if (ends_with(name, "num_batches_tracked")) continue;
    const std::string ours =
        shortcut_name(torchvision ? princeton_name(name, one_gru) : name, bottleneck);
    const auto [place, added] = weights.emplace(ours, tensor);
    if (!added && !at::equal(place->second, tensor)) {
      throw Error(ExitCode::unreadable_input,
                  fmt::format("{}: the two copies of {} differ", what, ours));
    }
  }
  return weights;
}

}  // namespace oasis::flow
