#include "oasis/config/config_node.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "oasis/core/error.h"

namespace oasis::config {

struct ConfigNode::State {
  YAML::Node node;
  std::string name;
  std::string path;  ///< "decoder." inside a nested mapping
  std::set<std::string> asked;
};

ConfigNode::ConfigNode(std::unique_ptr<State> state) : state_(std::move(state)) {
  if (!state_->node.IsMap()) {
    throw Error(ExitCode::usage,
                fmt::format("{}:{}: '{}' should be a mapping of keys to values", state_->name,
                            state_->node.Mark().line + 1, state_->path));
  }
}
ConfigNode::~ConfigNode() = default;
ConfigNode::ConfigNode(ConfigNode&&) noexcept = default;

ConfigNode ConfigNode::load(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw Error(ExitCode::usage, fmt::format("{}: cannot be opened", path.string()));
  std::ostringstream text;
  text << file.rdbuf();
  return parse(text.str(), path.string());
}

namespace {

// Puts the value of "a.b=c" into the tree.
void apply_override(YAML::Node root, const std::string& assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(ExitCode::usage, fmt::format("--set {}: should read key.key=value", assignment));
  }
  std::istringstream keys(assignment.substr(0, equals));
  YAML::Node node = root;
  try {
    for (std::string key; std::getline(keys, key, '.');) {
      if (!node.IsMap() && !node.IsNull()) {
        throw Error(ExitCode::usage,
                    fmt::format("--set {}: '{}' is inside a value", assignment, key));
      }
      // A YAML::Node refers to its place in the tree: reset moves on without copying.
      node.reset(node[key]);
    }
    node = YAML::Load(assignment.substr(equals + 1));
  } catch (const YAML::Exception& error) {
    throw Error(ExitCode::usage, fmt::format("--set {}: {}", assignment, error.msg));
  }
}

}  // namespace

ConfigNode ConfigNode::load(const std::filesystem::path& path,
                            const std::vector<std::string>& overrides) {
  ConfigNode root = load(path);
  for (const std::string& assignment : overrides) apply_override(root.state_->node, assignment);
  return root;
}

std::string ConfigNode::dump() const {
  std::ostringstream text;
  text << state_->node << '\n';
  return text.str();
}

ConfigNode ConfigNode::parse(const std::string& text, const std::string& name) {
  auto state = std::make_unique<State>();
  state->name = name;
  try {
    state->node = YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw Error(ExitCode::usage, fmt::format("{}:{}: {}", name, error.mark.line + 1, error.msg));
  }
  return ConfigNode(std::move(state));
}

bool ConfigNode::has(const std::string& key) const {
  state_->asked.insert(key);
  return static_cast<bool>(std::as_const(state_->node)[key]);
}

ConfigNode ConfigNode::child(const std::string& key) const {
  if (!has(key)) fail("", fmt::format("'{}{}' is missing", state_->path, key));
  auto state = std::make_unique<State>();
  state->node = std::as_const(state_->node)[key];
  state->name = state_->name;
  state->path = state_->path + key + ".";
  return ConfigNode(std::move(state));
}

bool ConfigNode::is_list(const std::string& key) const {
  return has(key) && std::as_const(state_->node)[key].IsSequence();
}

std::vector<ConfigNode> ConfigNode::items(const std::string& key) const {
  if (!is_list(key)) fail(key, fmt::format("'{}{}' should be a list", state_->path, key));
  std::vector<ConfigNode> entries;
  for (const YAML::Node& entry : std::as_const(state_->node)[key]) {
    auto state = std::make_unique<State>();
    state->node = entry;
    state->name = state_->name;
    state->path = fmt::format("{}{}[{}].", state_->path, key, entries.size());
    entries.push_back(ConfigNode(std::move(state)));
  }
  return entries;
}

std::vector<std::vector<ConfigNode>> ConfigNode::item_rows(const std::string& key) const {
  if (!is_list(key)) fail(key, fmt::format("'{}{}' should be a list of lists", state_->path, key));
  std::vector<std::vector<ConfigNode>> rows;
  for (const YAML::Node& list : std::as_const(state_->node)[key]) {
    const std::string place = fmt::format("{}{}[{}]", state_->path, key, rows.size());
    if (!list.IsSequence()) {
      throw Error(ExitCode::usage, fmt::format("{}:{}: '{}' should be a list", state_->name,
                                               list.Mark().line + 1, place));
    }
    rows.emplace_back();
    for (const YAML::Node& entry : list) {
      auto state = std::make_unique<State>();
      state->node = entry;
      state->name = state_->name;
      state->path = fmt::format("{}[{}].", place, rows.back().size());
      rows.back().push_back(ConfigNode(std::move(state)));
    }
  }
  return rows;
}

template <typename T>
T ConfigNode::get(const std::string& key, const char* type) const {
  if (!has(key)) fail("", fmt::format("'{}{}' is missing", state_->path, key));
  try {
    return std::as_const(state_->node)[key].as<T>();
  } catch (const YAML::Exception&) {
    fail(key, fmt::format("'{}{}' should be {}", state_->path, key, type));
  }
}

std::string ConfigNode::text(const std::string& key) const { return get<std::string>(key, "text"); }
std::int64_t ConfigNode::integer(const std::string& key) const {
  return get<std::int64_t>(key, "a whole number");
}
double ConfigNode::number(const std::string& key) const { return get<double>(key, "a number"); }
bool ConfigNode::boolean(const std::string& key) const { return get<bool>(key, "true or false"); }
std::vector<double> ConfigNode::numbers(const std::string& key) const {
  return get<std::vector<double>>(key, "a list of numbers");
}
std::vector<std::int64_t> ConfigNode::integers(const std::string& key) const {
  return get<std::vector<std::int64_t>>(key, "a list of whole numbers");
}
std::vector<bool> ConfigNode::booleans(const std::string& key) const {
  return get<std::vector<bool>>(key, "a list of true and false");
}
std::vector<std::string> ConfigNode::texts(const std::string& key) const {
  return get<std::vector<std::string>>(key, "a list of words");
}

std::vector<WordRow> ConfigNode::word_rows(const std::string& key) const {
  if (!has(key)) fail("", fmt::format("'{}{}' is missing", state_->path, key));
  const YAML::Node list = std::as_const(state_->node)[key];
  if (!list.IsSequence()) {
    fail(key, fmt::format("'{}{}' should be a list of lists of words", state_->path, key));
  }
  std::vector<WordRow> rows;
  for (const YAML::Node& entry : list) {
    WordRow row{{}, entry.Mark().line + 1};
    if (!entry.IsSequence()) {
      fail_at(row.line, fmt::format("'{}{}' should hold lists of words", state_->path, key));
    }
    for (const YAML::Node& word : entry) {
      const int line = word.Mark().line + 1;
      if (!word.IsScalar()) {
        fail_at(line, fmt::format("'{}{}' should hold lists of words", state_->path, key));
      }
      row.words.push_back({word.Scalar(), line});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string ConfigNode::text(const std::string& key, const std::string& absent) const {
  return has(key) ? text(key) : absent;
}
std::int64_t ConfigNode::integer(const std::string& key, std::int64_t absent) const {
  return has(key) ? integer(key) : absent;
}
double ConfigNode::number(const std::string& key, double absent) const {
  return has(key) ? number(key) : absent;
}
bool ConfigNode::boolean(const std::string& key, bool absent) const {
  return has(key) ? boolean(key) : absent;
}

std::vector<std::string> ConfigNode::keys() const {
  std::vector<std::string> found;
  for (const auto& entry : state_->node) {
    found.push_back(entry.first.as<std::string>());
    state_->asked.insert(found.back());
  }
  return found;
}

void ConfigNode::reject_unknown() const {
  for (const auto& entry : state_->node) {
    const auto key = entry.first.as<std::string>();
    if (state_->asked.contains(key)) continue;
    const std::string near = nearest_name(key, {state_->asked.begin(), state_->asked.end()});
    fail(key, fmt::format("unknown key '{}{}'{}", state_->path, key,
                          near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }
}

void ConfigNode::fail(const std::string& key, const std::string& message) const {
  const YAML::Node node = std::as_const(state_->node)[key];
  fail_at((node.IsDefined() ? node.Mark() : state_->node.Mark()).line + 1, message);
}

void ConfigNode::fail_at(int line, const std::string& message) const {
  throw Error(ExitCode::usage, fmt::format("{}:{}: {}", state_->name, line, message));
}

std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = word.size() / 3 + 1;
  for (const std::string& candidate : candidates) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t change = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
      }
    }
    if (row.back() < best_distance || (row.back() == best_distance && best.empty())) {
      best = candidate;
      best_distance = row.back();
    }
  }
  return best;
}

}  // namespace oasis::config
