#include "oasis/nn/head_map.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <system_error>

#include "oasis/config/config_node.h"
#include "oasis/core/error.h"

namespace oasis::nn {
namespace {

using config::ConfigNode;

constexpr std::int64_t kFormat = 1;

AttentionWindow read_window(const ConfigNode& node) {
  const auto sizes = node.integers("window");
  if (sizes.size() != 3) node.fail("window", "'window' should be [frames, rows, columns]");
  const AttentionWindow window{sizes[0], sizes[1], sizes[2]};
  try {
    check_window(window);
  } catch (const Error& error) {
    node.fail("window", error.what());
  }
  return window;
}

std::vector<HeadKind> read_row(const ConfigNode& node, const config::WordRow& row,
                               std::size_t layer, std::int64_t heads) {
  if (static_cast<std::int64_t>(row.words.size()) != heads) {
    node.fail_at(row.line, fmt::format("layer {} of the head map has {} heads, the model {}", layer,
                                       row.words.size(), heads));
  }
  std::vector<HeadKind> kinds;
  for (const auto& word : row.words) {
    try {
      kinds.push_back(head_kind_from(word.text));
    } catch (const Error& error) {
      node.fail_at(word.line, error.what());
    }
  }
  return kinds;
}

std::vector<std::vector<HeadKind>> read_layers(const ConfigNode& node, std::int64_t layers,
                                               std::int64_t heads) {
  const auto rows = node.word_rows("layers");
  const auto expected = static_cast<std::size_t>(layers);
  if (rows.size() != expected) {
    const auto message =
        fmt::format("the head map has {} layers, the model {}", rows.size(), layers);
    if (rows.size() > expected) node.fail_at(rows[expected].line, message);
    node.fail("layers", message);
  }
  std::vector<std::vector<HeadKind>> kinds;
  for (std::size_t i = 0; i < rows.size(); ++i) kinds.push_back(read_row(node, rows[i], i, heads));
  return kinds;
}

void read_videos(const ConfigNode& node, HeadMap& map) {
  map.videos = node.integer("count");
  if (map.videos < 0) node.fail("count", "'videos.count' is negative");
  map.videos_hash = node.text("hash", "");
  node.reject_unknown();
}

HeadMap read(const ConfigNode& node, std::int64_t layers, std::int64_t heads) {
  if (node.integer("format") != kFormat) node.fail("format", "this program reads format 1 only");
  HeadMap map;
  map.window = read_window(node);
  if (node.has("rho")) {
    map.rho = node.number("rho");
    if (!(*map.rho >= 0 && *map.rho <= 1)) node.fail("rho", "'rho' should be from 0 to 1");
  }
  map.score = node.text("score", "");
  if (node.has("videos")) read_videos(node.child("videos"), map);
  map.model = node.text("model", "");
  map.note = node.text("note", "");
  map.layers = read_layers(node, layers, heads);
  node.reject_unknown();
  return map;
}

/// A YAML string in double quotes.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + "\"";
}

}  // namespace

HeadMap read_head_map(const std::filesystem::path& path, std::int64_t layers, std::int64_t heads) {
  return read(ConfigNode::load(path), layers, heads);
}

HeadMap parse_head_map(const std::string& text, const std::string& name, std::int64_t layers,
                       std::int64_t heads) {
  return read(ConfigNode::parse(text, name), layers, heads);
}

std::string head_map_text(const HeadMap& map) {
  std::string text = fmt::format("format: {}\nwindow: [{}, {}, {}]\n", kFormat, map.window.frames,
                                 map.window.rows, map.window.cols);
  if (map.rho) text += fmt::format("rho: {}\n", *map.rho);
  if (!map.score.empty()) text += fmt::format("score: {}\n", map.score);
  if (map.videos > 0 || !map.videos_hash.empty()) {
    text += fmt::format("videos: {{count: {}", map.videos);
    if (!map.videos_hash.empty()) text += fmt::format(", hash: {}", quoted(map.videos_hash));
    text += "}\n";
  }
  if (!map.model.empty()) text += fmt::format("model: {}\n", quoted(map.model));
  if (!map.note.empty()) text += fmt::format("note: {}\n", quoted(map.note));
  text += "layers:\n";
  for (const auto& row : map.layers) {
    std::vector<std::string> words;
    for (const auto kind : row) words.push_back(to_string(kind));
    text += fmt::format("  - [{}]\n", fmt::join(words, ", "));
  }
  return text;
}

void write_head_map(const std::filesystem::path& path, const HeadMap& map) {
  const std::filesystem::path part = path.string() + ".part";
  std::ofstream file(part, std::ios::binary);
  file << head_map_text(map);
  file.close();
  std::error_code failure;
  if (file) std::filesystem::rename(part, path, failure);
  if (!file || failure) {
    throw Error(fmt::format("{}: cannot be written; is the folder writable and the disk not full?",
                            path.string()));
  }
}

HeadMap all_global(std::int64_t layers, std::int64_t heads) {
  HeadMap map;
  const std::vector<HeadKind> row(static_cast<std::size_t>(heads), HeadKind::global);
  map.layers.assign(static_cast<std::size_t>(layers), row);
  return map;
}

KindCounts count_kinds(const HeadMap& map) {
  KindCounts counts;
  for (const auto& row : map.layers) {
    for (const auto kind : row) {
      (kind == HeadKind::global  ? counts.global
       : kind == HeadKind::intra ? counts.intra
                                 : counts.window)++;
    }
  }
  return counts;
}

}  // namespace oasis::nn
