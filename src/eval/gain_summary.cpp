#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "oasis/eval/gain_table.h"

namespace oasis::eval {
namespace {

bool is_shown(const Bar& bar) { return bar.rule == BarRule::gain || bar.rule == BarRule::ratio; }

std::string heading(const GainSet& set, const Bar& bar) {
  for (const auto& metric : set.metrics) {
    if (metric.key != bar.metric) continue;
    const std::string unit = metric.unit.empty() ? "" : ", " + metric.unit;
    return fmt::format("{}: {}{}", set.name, metric.label, bar.rule == BarRule::gain ? unit : "");
  }
  return fmt::format("{}: {}", set.name, bar.metric);
}

std::string cell(const JudgedBar& judged) {
  if (std::isnan(judged.value)) return "-";
  return judged.bar.rule == BarRule::gain ? fmt::format("{:+.3f}", judged.value)
                                          : fmt::format("x{:.3f}", judged.value);
}

/// What `table` measures for a bar of another method's table.
std::string cell_of(const GainTable& table, const GainSet& set, std::size_t bar) {
  for (const GainSet& own : table.sets) {
    if (own.name == set.name) return cell(own.bars.at(bar));
  }
  return "-";
}

}  // namespace

std::string to_summary(const std::vector<GainTable>& tables) {
  if (tables.empty()) return "";
  const GainTable& first = tables.front();
  std::string text =
      fmt::format("Gain over {} (ratio where less is better)\n\n| method |", first.base);
  std::string rule = "|---|";
  for (const GainSet& set : first.sets) {
    for (const JudgedBar& judged : set.bars) {
      if (!is_shown(judged.bar)) continue;
      text += fmt::format(" {} |", heading(set, judged.bar));
      rule += "---|";
    }
  }
  text += "\n" + rule + "\n";
  for (const GainTable& table : tables) {
    text += fmt::format("| {} |", table.method);
    for (const GainSet& set : first.sets) {
      for (std::size_t bar = 0; bar < set.bars.size(); ++bar) {
        if (is_shown(set.bars[bar].bar)) text += fmt::format(" {} |", cell_of(table, set, bar));
      }
    }
    text += "\n";
  }
  return text;
}

}  // namespace oasis::eval
