#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "oasis/nn/routed_attention.h"

namespace oasis::nn {

/// Which kind of attention every head of a transformer has (`head_map.yaml`, docs/interfaces.md).
///
/// Only `window` and `layers` change what a model computes; the rest says where a map comes from
/// and is empty in one that nobody measured.
struct HeadMap {
  AttentionWindow window;
  std::vector<std::vector<HeadKind>> layers;  ///< one row per layer, one kind per head

  std::optional<double> rho;  ///< share of heads that stay global, 0 to 1
  std::string score;          ///< what decided, for example "forward_floor"
  std::int64_t videos = 0;    ///< how many were looked at
  std::string videos_hash;    ///< of their names and sizes
  std::string model;          ///< "sha256:..." of the routed weights
  std::string note;           ///< one line for people
};

/// Reads a map for a transformer of `layers` layers with `heads` heads each. Throws `oasis::Error`
/// (usage) with file and line for another format, a wrong number of layers or heads, an unknown
/// kind or key, an even window.
HeadMap read_head_map(const std::filesystem::path& path, std::int64_t layers, std::int64_t heads);

/// The same for a text; `name` stands for the file in messages.
HeadMap parse_head_map(const std::string& text, const std::string& name, std::int64_t layers,
                       std::int64_t heads);

/// What `write_head_map` writes; reading it gives the same map.
std::string head_map_text(const HeadMap& map);

/// Writes the file (as .part first, then renamed). Throws `oasis::Error` if it cannot.
void write_head_map(const std::filesystem::path& path, const HeadMap& map);

/// The map of an unrouted transformer, which head maps call `all_global`.
HeadMap all_global(std::int64_t layers, std::int64_t heads);

/// How many heads have each kind.
struct KindCounts {
  std::int64_t global = 0;
  std::int64_t intra = 0;
  std::int64_t window = 0;

  std::int64_t total() const { return global + intra + window; }
};
KindCounts count_kinds(const HeadMap& map);

}  // namespace oasis::nn
