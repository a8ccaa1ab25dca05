#include "oasis/eval/bars.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "oasis/config/config_node.h"
#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

constexpr std::array<std::pair<BarRule, const char*>, 5> kRules = {
    {{BarRule::gain, "gain"},
     {BarRule::every_clip, "every_clip"},
     {BarRule::ratio, "ratio"},
     {BarRule::excess, "excess"},
     {BarRule::limit, "limit"}}};

Bar read_bar(const config::ConfigNode& node) {
  Bar bar;
  bar.metric = node.text("metric");
  try {
    bar.rule = bar_rule_from(node.text("rule"));
  } catch (const Error& error) {
    node.fail("rule", error.what());
  }
  if (bar.rule != BarRule::every_clip) {
    bar.bar = node.number("bar");
    if (node.has("goal")) bar.goal = node.number("goal");
  }
  node.reject_unknown();
  return bar;
}

}  // namespace

std::string to_string(BarRule rule) {
  for (const auto& [known, name] : kRules) {
    if (known == rule) return name;
  }
  return "";
}

BarRule bar_rule_from(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [rule, known] : kRules) {
    if (name == known) return rule;
    names.emplace_back(known);
  }
  throw Error(ExitCode::usage,
              fmt::format("\"{}\" is not one of {}", name, fmt::join(names, ", ")));
}

Bars load_bars(const std::filesystem::path& file) {
  const auto root = config::ConfigNode::load(file);
  Bars bars;
  bars.name = root.text("name");
  for (const auto& node : root.items("sets")) {
    BarSet set;
    set.name = node.text("name");
    set.about = node.text("about");
    for (const auto& bar : node.items("bars")) set.bars.push_back(read_bar(bar));
    node.reject_unknown();
    bars.sets.push_back(std::move(set));
  }
  root.reject_unknown();
  return bars;
}

}  // namespace oasis::eval
