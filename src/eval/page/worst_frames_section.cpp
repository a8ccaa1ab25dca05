#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "eval/page/markup.h"
#include "eval/page/scores.h"
#include "eval/page/sections.h"

namespace oasis::eval::page {
namespace {

constexpr std::size_t kPerMetric = 4;
constexpr std::size_t kCards = 12;
constexpr std::int64_t kApart = 8;  // frames between two of one clip

struct Place {
  std::size_t clip = 0;
  std::int64_t frame = 0;
  double value = 0;
};

// A curve of deviations, of both signs, where less is better: what counts is the distance from 0.
bool about_zero(const EvaluationResult& result, const MetricInfo& metric) {
  if (metric.higher_is_better) return false;
  return std::any_of(result.clips.begin(), result.clips.end(), [&](const ClipResult& clip) {
    const auto* curve = curve_of(clip, metric.key);
    return curve != nullptr &&
           std::any_of(curve->begin(), curve->end(), [](double value) { return value < 0; });
  });
}

// All places of the metric, the worst first.
std::vector<Place> ranked(const EvaluationResult& result, const MetricInfo& metric) {
  std::vector<Place> places;
  for (std::size_t i = 0; i < result.clips.size(); ++i) {
    const auto* curve = curve_of(result.clips[i], metric.key);
    if (curve == nullptr) continue;
    for (std::size_t frame = 0; frame < curve->size(); ++frame) {
      if (std::isnan((*curve)[frame])) continue;
      places.push_back({i, static_cast<std::int64_t>(frame), (*curve)[frame]});
    }
  }
  const bool distance = about_zero(result, metric);
  std::stable_sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    return distance ? std::abs(a.value) > std::abs(b.value) : is_better(metric, b.value, a.value);
  });
  return places;
}

// The worst places that are not neighbours of worse ones.
std::vector<Place> worst(const EvaluationResult& result, const MetricInfo& metric) {
  std::vector<Place> kept;
  for (const Place& place : ranked(result, metric)) {
    const bool near = std::any_of(kept.begin(), kept.end(), [&](const Place& other) {
      return other.clip == place.clip && std::abs(other.frame - place.frame) < kApart;
    });
    if (!near) kept.push_back(place);
    if (kept.size() == kPerMetric) break;
  }
  return kept;
}

std::string target(const ClipResult& clip, std::size_t index, std::int64_t frame) {
  const auto& frames = clip.pictures.frames;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (frames[i].frame == frame && !frames[i].output.bytes.empty()) return frame_id(index, i);
  }
  return clip_id(index);
}

std::string table_row(const EvaluationResult& result, const MetricInfo& metric) {
  const std::vector<Place> places = worst(result, metric);
  if (places.empty()) return {};
  std::string html = fmt::format("<tr><th scope=\"row\">{}</th>", heading_of(metric));
  for (std::size_t i = 0; i < kPerMetric; ++i) {
    if (i >= places.size()) {
      html += "<td></td>";
      continue;
    }
    const ClipResult& clip = result.clips[places[i].clip];
    html += fmt::format(
        "<td><span class=\"value\">{}</span><span class=\"where\"><a href=\"#{}\">{}, frame {}</a>"
        "</span></td>",
        number(places[i].value, metric.decimals), target(clip, places[i].clip, places[i].frame),
        escape(clip.name), places[i].frame);
  }
  return html + "</tr>\n";
}

double value_at(const ClipResult& clip, const MetricInfo* metric, std::int64_t frame) {
  const auto* curve = metric == nullptr ? nullptr : curve_of(clip, metric->key);
  const bool known =
      curve != nullptr && frame >= 0 && frame < static_cast<std::int64_t>(curve->size());
  return known ? (*curve)[static_cast<std::size_t>(frame)] : std::nan("");
}

std::string card(const EvaluationResult& result, const MetricInfo* metric, std::size_t index) {
  const ClipResult& clip = result.clips[index];
  const FramePictures& frame = clip.pictures.frames.front();
  const double value = value_at(clip, metric, frame.frame);
  std::string score;
  if (!std::isnan(value)) {
    score = fmt::format("<span>{} {}</span>", escape(metric->label), with_unit(*metric, value));
  }
  const std::string id = frame_id(index, 0);
  return fmt::format(
      "<li><a href=\"#{0}\"><img data-copy=\"{0}-picture-0\" alt=\"\"><span class=\"title\">{1}, "
      "frame "
      "{2}</span><span>{3}</span>{4}</a></li>\n",
      id, escape(clip.name), frame.frame, escape(frame.why), score);
}

// The first picture of each clip, ordered by the leading metric.
std::string cards(const EvaluationResult& result) {
  const MetricInfo* metric = leading_metric(result);
  std::vector<Place> places;
  for (std::size_t i = 0; i < result.clips.size(); ++i) {
    const auto& frames = result.clips[i].pictures.frames;
    if (frames.empty() || frames.front().output.bytes.empty()) continue;
    const std::int64_t frame = frames.front().frame;
    places.push_back({i, frame, value_at(result.clips[i], metric, frame)});
  }
  std::stable_sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    if (std::isnan(a.value) || std::isnan(b.value))
      return !std::isnan(a.value) && std::isnan(b.value);
    return is_better(*metric, b.value, a.value);
  });
  if (places.empty()) return {};
  std::string html = "<ul class=\"cards\">\n";
  for (std::size_t i = 0; i < std::min(places.size(), kCards); ++i) {
    html += card(result, metric, places[i].clip);
  }
  return html + "</ul>\n";
}

}  // namespace

std::string worst_frames_section(const EvaluationResult& result) {
  std::string rows;
  for (const MetricInfo& metric : result.metrics) rows += table_row(result, metric);
  std::string html = cards(result);
  if (!rows.empty()) {
    html +=
        "<div class=\"scroll\" role=\"region\" aria-label=\"Worst frames by metric\"><table><thead>"
        "<tr><th scope=\"col\">Metric</th><th scope=\"col\">Worst</th>";
    for (const char* place : {"2nd", "3rd", "4th"}) {
      html += fmt::format("<th scope=\"col\">{}</th>", place);
    }
    html += "</tr></thead><tbody>\n" + rows + "</tbody></table></div>\n";
  }
  return html.empty() ? "<p class=\"muted\">No metric has values by frame.</p>" : html;
}

}  // namespace oasis::eval::page
