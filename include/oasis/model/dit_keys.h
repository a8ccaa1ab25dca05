#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "oasis/checkpoint/state_dict.h"
#include "oasis/model/wan_dit_config.h"

/// The two namings of the Wan transformer's tensors. Only names differ: no tensor is transposed,
/// split or merged between them.
namespace oasis::model {

enum class DitNaming { official, diffusers };

/// The name of one tensor in both namings.
struct DitKey {
  std::string official;
  std::string diffusers;
};

/// All tensors of a transformer with so many layers: 27 per layer and 15 outside.
std::vector<DitKey> dit_keys(std::int64_t layers);

/// All tensors with the shapes that `config` gives them, in the official naming.
std::vector<std::pair<std::string, std::vector<std::int64_t>>> dit_shapes(
    const WanDitConfig& config);

/// The same as tensors without memory (device "meta"), to compare a checkpoint with.
std::vector<std::pair<std::string, at::Tensor>> dit_targets(const WanDitConfig& config);

/// Which naming a state dict has, by the query weight of block 0; none if it has neither.
std::optional<DitNaming> detect_dit_naming(const checkpoint::StateDict& tensors);

/// The state dict under official names: strips the prefixes that repackaged files carry, drops
/// `*.norm_added_q.*` and renames. Names that the table does not know are kept, so that a strict
/// load reports them. Throws `oasis::Error` (unreadable_input) for a file that is no Wan
/// transformer and for the image-to-video and VACE variants.
checkpoint::StateDict to_official_dit(checkpoint::StateDict tensors);

/// The state dict under diffusers' names, from official ones; unknown names are kept.
checkpoint::StateDict to_diffusers_dit(const checkpoint::StateDict& official);

/// The sizes that the tensors (official names) tell. What they do not tell: the number of heads,
/// which is `num_heads` or else width / 128, text_len (512) and eps (1e-6). Throws `oasis::Error`
/// (unreadable_input) where a tensor that decides a size is missing or of an unexpected shape.
WanDitConfig infer_dit_config(const checkpoint::StateDict& official,
                              std::optional<std::int64_t> num_heads = std::nullopt);

}  // namespace oasis::model
