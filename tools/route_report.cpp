#include "route_report.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/core/progress.h"
#include "oasis/core/version.h"
#include "oasis/routing/replace_file.h"
#include "route_picture.h"

namespace oasis::tools {
namespace {

std::string kind_at(const routing::HeadKinds& kinds, std::int64_t layer, std::int64_t head) {
  return to_string(kinds[static_cast<std::size_t>(layer)][static_cast<std::size_t>(head)]);
}

std::string scores_csv(const RouteReport& report) {
  std::string text = "layer,head,kind";
  for (const auto score : routing::kScores) {
    const auto name = to_string(score);
    text += fmt::format(",{0}_intra,{0}_window,kind_by_{0}", name);
  }
  text += "\n";
  const auto& scores = report.scores;
  for (std::int64_t layer = 0; layer < scores.layers(); ++layer) {
    for (std::int64_t head = 0; head < scores.heads(); ++head) {
      text += fmt::format("{},{},{}", layer, head, kind_at(report.map.layers, layer, head));
      for (const auto score : routing::kScores) {
        const auto& kinds = report.comparison.kinds[static_cast<std::size_t>(score)];
        text += fmt::format(
            ",{:.9g},{:.9g},{}", scores.at(layer, head, score, routing::Pattern::intra),
            scores.at(layer, head, score, routing::Pattern::window), kind_at(kinds, layer, head));
      }
      text += "\n";
    }
  }
  return text;
}

std::string stability_csv(const routing::Stability& stability) {
  std::string text = "subset_a,subset_b,agreement\n";
  for (std::size_t a = 0; a < stability.agreement.size(); ++a) {
    for (std::size_t b = a + 1; b < stability.agreement.size(); ++b) {
      text += fmt::format("{},{},{:.9g}\n", a, b, stability.agreement[a][b]);
    }
  }
  return text;
}

std::string comparison_sentence(const RouteReport& report) {
  const auto& c = report.comparison;
  return fmt::format(
      "the three scores disagree on {} of {} heads (forward_floor and reverse on {}, forward_floor "
      "and leaked_mass on {}, reverse and leaked_mass on {})",
      c.differ, count_kinds(report.map).total(), c.forward_reverse, c.forward_leaked,
      c.reverse_leaked);
}

std::string stability_sentence(const routing::Stability& s) {
  return fmt::format(
      "{} random subsets of {} videos agree on {:.1f}% of the heads on average ({:.1f}% at "
      "least); Jaccard overlap {:.3f} (global {:.3f}, intra {:.3f}, window {:.3f})",
      s.maps.size(), s.subset, 100 * s.mean_agreement, 100 * s.least_agreement, s.jaccard,
      s.jaccard_global, s.jaccard_intra, s.jaccard_window);
}

std::vector<std::string> sentences(const RouteReport& report) {
  std::vector<std::string> lines = {summary_sentence(report.map), comparison_sentence(report)};
  if (report.stability) lines.push_back(stability_sentence(*report.stability));
  return lines;
}

nlohmann::ordered_json stability_json(const routing::Stability& s) {
  return {{"subsets", s.maps.size()},
          {"videos_per_subset", s.subset},
          {"mean_agreement", s.mean_agreement},
          {"least_agreement", s.least_agreement},
          {"jaccard", s.jaccard},
          {"jaccard_global", s.jaccard_global},
          {"jaccard_intra", s.jaccard_intra},
          {"jaccard_window", s.jaccard_window}};
}

}  // namespace

std::string videos_text(const RoutePass& pass) {
  std::string text;
  for (const auto& video : pass.used) text += fmt::format("{}\t{}\n", video.name, video.bytes);
  return text;
}

std::string summary_sentence(const nn::HeadMap& map) {
  const auto counts = count_kinds(map);
  return fmt::format("{} of {} heads stay global; {} window; {} intra-frame", counts.global,
                     counts.total(), counts.window, counts.intra);
}

void write_results(const std::filesystem::path& folder, const RouteReport& report,
                   routing::Score score) {
  std::string summary;
  for (const auto& line : sentences(report)) summary += line + "\n";
  for (const auto& video : report.pass.skipped) summary += "skipped: " + video.reason + "\n";
  nn::write_head_map(folder / "head_map.yaml", report.map);
  routing::replace_file(folder / "scores.csv", scores_csv(report));
  routing::replace_file(folder / "summary.txt", summary);
  draw_head_map(folder / "head_map.png", report.map.layers, report.scores, score);
  if (!report.stability) return;
  routing::replace_file(folder / "stability.csv", stability_csv(*report.stability));
  draw_stability(folder / "stability.png", *report.stability);
}

void log_report(const RouteReport& report, const std::filesystem::path& folder) {
  log::info("{} videos ({} from an earlier run, {} skipped) in {}", report.pass.used.size(),
            report.pass.from_store, report.pass.skipped.size(), format_duration(report.seconds));
  for (const auto& line : sentences(report)) log::info("{}", line);
  log::info(
      "{}: head_map.yaml, scores.csv, head_map.png; copy head_map.yaml into the model folder "
      "to use it",
      folder.string());
}

void write_json_report(const RouteReport& report, const RouteOptions& options,
                       const std::string& file) {
  const auto counts = count_kinds(report.map);
  nlohmann::ordered_json json = {
      {"program", "oasis-route"},
      {"version", version()},
      {"model", report.model_name},
      {"latent", report.latent_source},
      {"device", report.device},
      {"precision", report.precision},
      {"videos", report.pass.used.size()},
      {"videos_from_earlier_run", report.pass.from_store},
      {"skipped", nlohmann::ordered_json::array()},
      {"rho", options.rho},
      {"score", to_string(options.score)},
      {"heads", {{"global", counts.global}, {"window", counts.window}, {"intra", counts.intra}}},
      {"scores_differ",
       {{"any", report.comparison.differ},
        {"forward_floor_reverse", report.comparison.forward_reverse},
        {"forward_floor_leaked_mass", report.comparison.forward_leaked},
        {"reverse_leaked_mass", report.comparison.reverse_leaked}}},
      {"seconds", report.seconds},
      {"out", options.out.string()}};
  for (const auto& video : report.pass.skipped) {
    json["skipped"].push_back({{"video", video.name}, {"reason", video.reason}});
  }
  if (report.stability) json["stability"] = stability_json(*report.stability);
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;
  const std::string text = json.dump(2, ' ', false, replace) + "\n";
  if (file.empty()) {
    std::fputs(text.c_str(), stdout);
  } else {
    routing::replace_file(file, text);
  }
}

}  // namespace oasis::tools
