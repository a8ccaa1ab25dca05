#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "oasis/eval/gain_table.h"

namespace oasis::eval {
namespace {

using Json = nlohmann::ordered_json;

const MetricInfo* info_of(const GainSet& set, const std::string& key) {
  for (const auto& metric : set.metrics) {
    if (metric.key == key) return &metric;
  }
  return nullptr;
}

std::string label_of(const GainSet& set, const std::string& key) {
  const auto* metric = info_of(set, key);
  return metric != nullptr ? metric->label : key;
}

std::string unit_of(const GainSet& set, const std::string& key) {
  const auto* metric = info_of(set, key);
  return metric == nullptr || metric->unit.empty() ? "" : " " + metric->unit;
}

/// "at least +0.8 dB".
std::string demand(const Bar& bar, double number, const std::string& unit) {
  switch (bar.rule) {
    case BarRule::gain:
      return fmt::format("at least {:+}{}", number, unit);
    case BarRule::every_clip:
      return "better on every clip";
    case BarRule::ratio:
      return fmt::format("at most x{}", number);
    case BarRule::excess:
      return fmt::format("at most {:+}{}, every clip", number, unit);
    case BarRule::limit:
      return fmt::format("at most {}{}, every clip", number, unit);
  }
  return "";
}

std::string measured(const JudgedBar& judged, const std::string& unit) {
  const std::string where = judged.clip.empty() ? "" : fmt::format(" ({})", judged.clip);
  if (std::isnan(judged.value)) return "not measured" + where;
  switch (judged.bar.rule) {
    case BarRule::ratio:
      return fmt::format("x{:.3f}", judged.value);
    case BarRule::limit:
      return fmt::format("{:.3f}{}{}", judged.value, unit, where);
    case BarRule::every_clip:
      return fmt::format("{:+.4f}{} at least{}", judged.value, unit, where);
    case BarRule::gain:
    case BarRule::excess:
      break;
  }
  return fmt::format("{:+.3f}{}{}", judged.value, unit, where);
}

std::string verdict(const JudgedBar& judged) {
  if (!judged.passed) return "**no**";
  return judged.reaches_goal ? "yes, and the goal" : "yes";
}

std::string bars_table(const GainTable& table) {
  std::string text = "| LQ | metric | bar | goal | measured | met |\n|---|---|---|---|---|---|\n";
  for (const auto& set : table.sets) {
    for (const auto& judged : set.bars) {
      const auto unit = unit_of(set, judged.bar.metric);
      text +=
          fmt::format("| {} | {} | {} | {} | {} | {} |\n", set.name,
                      label_of(set, judged.bar.metric), demand(judged.bar, judged.bar.bar, unit),
                      judged.bar.goal ? demand(judged.bar, *judged.bar.goal, unit) : "",
                      measured(judged, unit), verdict(judged));
    }
  }
  for (const auto& name : table.unmeasured) {
    text += fmt::format("| {} | | | | not measured | **no** |\n", name);
  }
  return text;
}

/// "30.12 / 31.02 (+0.90)"; where less is better, with the ratio.
std::string cell(const GainRow& row, const MetricInfo& metric) {
  const auto found = row.cells.find(metric.key);
  if (found == row.cells.end()) return "-";
  const auto [base, method] = found->second;
  const std::string ratio =
      !metric.higher_is_better && base > 0 ? fmt::format(", x{:.3f}", method / base) : "";
  const int places = metric.decimals;
  return fmt::format("{:.{}f} / {:.{}f} ({:+.{}f}{})", base, places, method, places, method - base,
                     metric.higher_is_better ? places + (places < 4 ? 1 : 0) : places, ratio);
}

std::string line(const GainRow& row, const GainSet& set) {
  std::string text = fmt::format("| {} | {} |", row.name, row.frames);
  for (const auto& metric : set.metrics) text += fmt::format(" {} |", cell(row, metric));
  return text + "\n";
}

std::string set_section(const GainSet& set, const GainTable& table) {
  std::string text = fmt::format(
      "\n## {}: {}\n\n{} clip{}, mean of {} variant{} each; {} / {} (difference{}).\n\n", set.name,
      set.about, set.clips.size(), set.clips.size() == 1 ? "" : "s", set.variants,
      set.variants == 1 ? "" : "s", table.base, table.method, ", ratio where less is better");
  text += "| clip | frames |";
  std::string rule = "|---|---|";
  for (const auto& metric : set.metrics) {
    text += fmt::format(" {}{} |", metric.label, metric.unit.empty() ? "" : ", " + metric.unit);
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  for (const auto& clip : set.clips) text += line(clip, set);
  return text + line(set.overall, set);
}

std::string definitions(const GainTable& table) {
  std::string text = fmt::format("\n## How it was measured\n\nProtocol `{}`: {}.\n", table.protocol,
                                 fmt::join(table.protocol_text, "; "));
  for (const auto& deviation : table.deviations) {
    text += fmt::format("Deviates from it: {}.\n", deviation);
  }
  text += "\n";
  std::set<std::string> seen;
  for (const auto& set : table.sets) {
    for (const auto& metric : set.metrics) {
      if (!seen.insert(metric.key).second) continue;
      text += fmt::format("- {} (`{}`, {} is better): {}\n", metric.label, metric.key,
                          metric.higher_is_better ? "higher" : "lower", metric.definition);
    }
  }
  return text;
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json row_json(const GainRow& row) {
  Json cells = Json::object();
  for (const auto& [key, pair] : row.cells) {
    cells[key] = {{"base", number(pair.base)},
                  {"method", number(pair.method)},
                  {"difference", number(pair.method - pair.base)},
                  {"ratio", number(pair.method / pair.base)}};
  }
  return {{"name", row.name}, {"frames", row.frames}, {"scores", std::move(cells)}};
}

Json bar_json(const JudgedBar& judged) {
  Json json = {{"metric", judged.bar.metric}, {"rule", to_string(judged.bar.rule)}};
  if (judged.bar.rule != BarRule::every_clip) json["bar"] = judged.bar.bar;
  if (judged.bar.goal) json["goal"] = *judged.bar.goal;
  json["measured"] = number(judged.value);
  if (!judged.clip.empty()) json["worst_clip"] = judged.clip;
  json["passed"] = judged.passed;
  if (judged.bar.goal) json["reaches_goal"] = judged.reaches_goal;
  return json;
}

}  // namespace

std::string to_markdown(const GainTable& table) {
  std::string text = fmt::format("# {}: {} beside {}\n\n{}", table.name, table.method, table.base,
                                 bars_table(table));
  for (const auto& set : table.sets) text += set_section(set, table);
  return text + definitions(table);
}

std::string to_json(const GainTable& table) {
  Json sets = Json::array();
  for (const auto& set : table.sets) {
    Json clips = Json::array();
    Json bars = Json::array();
    for (const auto& clip : set.clips) clips.push_back(row_json(clip));
    for (const auto& bar : set.bars) bars.push_back(bar_json(bar));
    sets.push_back({{"name", set.name},
                    {"about", set.about},
                    {"variants", set.variants},
                    {"bars", std::move(bars)},
                    {"overall", row_json(set.overall)},
                    {"clips", std::move(clips)}});
  }
  const Json json = {{"format", "oasis-eval bars 1"},
                     {"name", table.name},
                     {"base", table.base},
                     {"method", table.method},
                     {"protocol", table.protocol},
                     {"protocol_text", table.protocol_text},
                     {"deviations", table.deviations},
                     {"passed", table.passed()},
                     {"unmeasured", table.unmeasured},
                     {"sets", std::move(sets)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace oasis::eval
