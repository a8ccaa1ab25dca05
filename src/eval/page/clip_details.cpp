#include "eval/page/clip_details.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/page/markup.h"
#include "eval/page/plot.h"
#include "eval/page/scores.h"

namespace oasis::eval::page {
namespace {

// Beside a curve: the score, which is the mean over frames unless the protocol says otherwise.
std::string summary_text(const MetricInfo& metric, const ClipResult& clip, bool alone) {
  const std::string text = number(score_of(clip, metric.key), metric.decimals);
  return alone ? "clip: " + text : text;
}

double spectrum_step(const ClipResult& clip, std::size_t length) {
  if (clip.frames > 1 && length == static_cast<std::size_t>(clip.frames) / 2 + 1) {
    return 1.0 / static_cast<double>(clip.frames);
  }
  return length > 1 ? 0.5 / static_cast<double>(length - 1) : 0.5;
}

std::string slice(const std::string& name, const Picture& picture) {
  const int height = std::clamp(2 * picture.height, 96, 320);
  return fmt::format(
      "<figure><figcaption>{0}</figcaption><img alt=\"x-t slice: {0}\" "
      "style=\"height:{1}px\" src=\"{2}\"></figure>\n",
      escape(name), height, data_uri(picture));
}

}  // namespace

std::string curves(const std::string& group, const std::vector<MetricInfo>& metrics,
                   const std::vector<NamedClip>& clips, nlohmann::json& plots) {
  std::vector<Plot> diagrams;
  double fps = 0;
  for (const MetricInfo& metric : metrics) {
    Plot plot{metric.label, metric.unit, metric.decimals, {}, {}, false, {}};
    bool any = false;
    for (const auto& [method, clip] : clips) {
      const std::vector<double>* values = curve_of(*clip, metric.key);
      any = any || values != nullptr;
      plot.series.push_back({method, values == nullptr ? std::vector<double>() : *values});
      plot.summary.push_back(summary_text(metric, *clip, clips.size() == 1));
      if (fps <= 0) fps = clip->fps;
    }
    if (!any) continue;
    for (const FramePictures& frame : clips.front().clip->pictures.frames) {
      plot.marks.push_back(frame.frame);
    }
    diagrams.push_back(std::move(plot));
  }
  return plot_group(group, {false, fps, 0}, diagrams, plots);
}

std::string spectrum(const std::string& group, const std::vector<NamedClip>& clips,
                     nlohmann::json& plots) {
  Plot plot{"Amplitude of the mean luma", "code values", 4, {}, {}, true, {}};
  std::vector<std::string> names;
  PlotAxis axis{true, 0, 0};
  const auto add = [&](const std::string& name, const ClipResult& clip,
                       const std::vector<double>& values) {
    if (axis.step <= 0) axis = {true, clip.fps, spectrum_step(clip, values.size())};
    plot.series.push_back({name, values});
    names.push_back(name);
  };
  for (const auto& [method, clip] : clips) {
    if (!clip->luma_spectrum.empty()) {
      add(clips.size() == 1 ? "Output" : method, *clip, clip->luma_spectrum);
    }
  }
  for (const auto& [method, clip] : clips) {
    if (clip->luma_spectrum_reference.empty()) continue;
    add("Reference", *clip, clip->luma_spectrum_reference);
    break;
  }
  if (plot.series.empty()) return {};
  return legend(names) + plot_group(group, axis, {plot}, plots);
}

std::string slices(const std::vector<NamedClip>& clips) {
  std::string html;
  for (const auto& [method, clip] : clips) {
    if (clip->pictures.slice_output.bytes.empty()) continue;
    html += slice(clips.size() == 1 ? "Output" : method, clip->pictures.slice_output);
  }
  for (const auto& [method, clip] : clips) {
    if (clip->pictures.slice_reference.bytes.empty()) continue;
    html += slice("Reference", clip->pictures.slice_reference);
    break;
  }
  return html.empty() ? html : "<div class=\"slices\">\n" + html + "</div>\n";
}

std::string legend(const std::vector<std::string>& names) {
  if (names.size() < 2) return {};
  std::string html = "<p class=\"legend\">";
  for (std::size_t i = 0; i < names.size(); ++i) {
    html += fmt::format("<span>{}{}</span>", swatch(i, names[i]), escape(names[i]));
  }
  return html + "</p>\n";
}

std::string clip_element(const std::string& id, const std::string& name, const std::string& scores,
                         const std::string& body, bool open) {
  return fmt::format(
      "<details class=\"clip\" id=\"{}\"{}><summary><span class=\"clip-name\">{}</span><span "
      "class=\"clip-scores\">{}</span></summary>\n<div class=\"clip-body\">{}</div></details>\n",
      id, open ? " open" : "", escape(name), scores, body);
}

}  // namespace oasis::eval::page
