#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::tools {

/// A published checkpoint as it was found.
struct Source {
  std::string part;  ///< what it is of, for messages: "DiT"
  std::filesystem::path path;
  checkpoint::StateDict tensors;      ///< mapped, not copied
  std::vector<std::string> leftover;  ///< entries that are no tensors
};

/// Opens a .pth or .pt file, a safetensors file, an index with its shards, or a folder with one of
/// these; says what was found. A dictionary `state_dict`, `model` or `params` around the tensors is
/// opened too. `oasis::Error` (unreadable_input) names the file and the defect.
Source open_source(const std::string& part, const std::filesystem::path& path);

/// Logs how many tensors were mapped to which names and which were left out, and why.
void log_mapping(const Source& source, std::size_t mapped, const std::string& naming,
                 const std::vector<std::string>& left_out, const std::string& why);

/// The names of `tensors` that are not in `kept`.
std::vector<std::string> names_without(const checkpoint::StateDict& tensors,
                                       const checkpoint::StateDict& kept);

}  // namespace oasis::tools
