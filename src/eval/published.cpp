#include "oasis/eval/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "oasis/config/config_node.h"
#include "oasis/core/error.h"
#include "oasis/eval/metric_catalogue.h"

namespace oasis::eval {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Columns of tables: metrics, and the parts of DOVER.
bool is_column(const std::string& key) {
  const auto& known = known_metrics();
  return std::find(known.begin(), known.end(), key) != known.end() || key.rfind("dover_", 0) == 0;
}

// A table: one source, one method, warnings for its columns, and a row a set.
std::vector<PublishedRow> read_table(const std::filesystem::path& file) {
  const auto root = config::ConfigNode::load(file);
  const std::string source = root.text("source");
  std::map<std::string, std::string> warnings;
  if (root.has("warnings")) {
    const auto node = root.child("warnings");
    for (const auto& key : node.keys()) {
      if (!is_column(key)) node.fail(key, fmt::format("'{}' is not a metric", key));
      warnings[key] = node.text(key);
    }
  }
  std::vector<PublishedRow> rows;
  for (const auto& node : root.items("rows")) {
    PublishedRow row;
    row.method = node.text("method");
    row.set = node.text("set");
    row.source = source;
    const auto values = node.child("values");
    for (const auto& key : values.keys()) {
      if (!is_column(key)) values.fail(key, fmt::format("'{}' is not a metric", key));
      row.values[key] = values.number(key);
      if (const auto warning = warnings.find(key); warning != warnings.end()) {
        row.warnings.insert(*warning);
      }
    }
    node.reject_unknown();
    rows.push_back(row);
  }
  root.reject_unknown();
  return rows;
}

}  // namespace

std::vector<PublishedRow> published_rows(const std::filesystem::path& folder,
                                         const std::string& set) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<PublishedRow> found;
  std::set<std::string> sets;
  for (const auto& file : files) {
    for (auto& row : read_table(file)) {
      sets.insert(row.set);
      if (lower(row.set) == lower(set)) found.push_back(std::move(row));
    }
  }
  if (found.empty()) {
    throw Error(ExitCode::usage, fmt::format("--published {}: there are numbers for {}", set,
                                             fmt::join(sets, ", ")));
  }
  return found;
}

}  // namespace oasis::eval
