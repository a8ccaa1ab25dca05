#include <fmt/format.h>

#include <algorithm>

#include "eval/page/clip_details.h"
#include "eval/page/markup.h"
#include "eval/page/picture_slider.h"
#include "eval/page/scores.h"
#include "eval/page/sections.h"

namespace oasis::eval::page {
namespace {

std::string score_line(const EvaluationResult& result, const ClipResult& clip) {
  if (!clip.error.empty()) return "<span class=\"worst\">failed</span>";
  std::string html;
  std::size_t count = 0;
  for (const MetricInfo& metric : result.metrics) {
    if (clip.scores.count(metric.key) == 0) continue;
    html += fmt::format("{}{}&nbsp;{}", count == 0 ? "" : " \xC2\xB7 ", escape(metric.label),
                        with_unit(metric, score_of(clip, metric.key)));
    if (++count == 4) break;
  }
  return html;
}

std::string pictures(const ClipResult& clip, std::size_t index) {
  std::vector<Panel> choices;
  for (std::size_t i = 0; i < clip.pictures.frames.size(); ++i) {
    const FramePictures& frame = clip.pictures.frames[i];
    if (frame.output.bytes.empty()) continue;
    // The output comes first: cards borrow picture 0.
    std::vector<Layer> layers{{"Output", &frame.output}};
    if (!frame.reference.bytes.empty()) layers.push_back({"Reference", &frame.reference});
    if (!frame.bicubic.bytes.empty()) layers.push_back({"Bicubic", &frame.bicubic});
    const std::string id = frame_id(index, i);
    choices.push_back(
        {id, fmt::format("Frame {}{}{}", frame.frame, frame.why.empty() ? "" : ", ", frame.why),
         picture_slider(id + "-picture", fmt::format("{}, frame {}", clip.name, frame.frame),
                        layers, layers.size() - 1, 0)});
  }
  return panels(clip_id(index) + "-frames", "Frame", choices);
}

std::string facts(const ClipResult& clip) {
  std::string html = "<dl class=\"facts\"><dt>Output</dt><dd class=\"path\">" +
                     escape(clip.output.string()) + "</dd><dt>Reference</dt>";
  html += clip.reference.empty()
              ? "<dd class=\"muted\">none</dd>"
              : fmt::format("<dd class=\"path\">{}</dd>", escape(clip.reference.string()));
  if (clip.frames > 0) {
    html += fmt::format("<dt>Frames</dt><dd>{} of {}\xC3\x97{}{}</dd>", clip.frames, clip.width,
                        clip.height,
                        clip.fps > 0 ? fmt::format(", {:.4g} a second", clip.fps) : std::string());
  }
  for (const std::string& note : clip.notes) {
    html += fmt::format("<dt>Note</dt><dd>{}</dd>", escape(note));
  }
  return html + "</dl>\n";
}

std::string with_heading(const char* heading, const char* explanation, const std::string& html) {
  if (html.empty()) return {};
  return fmt::format("<h3>{}</h3>\n<p class=\"small muted\">{}</p>\n{}", heading, explanation,
                     html);
}

std::string body(const EvaluationResult& result, std::size_t index, nlohmann::json& plots) {
  const ClipResult& clip = result.clips[index];
  if (!clip.error.empty()) {
    return fmt::format("<div class=\"alert\"><p>{}</p></div>{}", escape(clip.error), facts(clip));
  }
  const std::vector<NamedClip> alone{{result.method, &clip}};
  const std::string id = clip_id(index);
  return with_heading("Pictures",
                      "The divider moves with the mouse, by touch and with the arrow keys.",
                      pictures(clip, index)) +
         with_heading(
             "By frame",
             "Point at a curve or move the slider to read values. Dashed lines: the frames "
             "above.",
             curves(id + "-curves", result.metrics, alone, plots)) +
         with_heading(
             "Slice through time",
             "One row of pixels over all frames, time downwards: motion gives slanted, smooth "
             "lines; flicker gives stripes across.",
             slices(alone)) +
         with_heading("Luma spectrum",
                      "Brightness that pulses shows as a peak at its period: 4 frames for the "
                      "autoencoder, the advance of a chunk for its seams.",
                      spectrum(id + "-spectrum", alone, plots)) +
         "<h3>Files and notes</h3>\n" + facts(clip);
}

}  // namespace

std::string clip_details_section(const EvaluationResult& result, nlohmann::json& plots) {
  if (result.clips.empty()) return "<p class=\"muted\">No clip was scored.</p>";
  const auto first = std::find_if(result.clips.begin(), result.clips.end(),
                                  [](const ClipResult& clip) { return clip.error.empty(); });
  const auto open = static_cast<std::size_t>(first - result.clips.begin());
  std::string html;
  for (std::size_t i = 0; i < result.clips.size(); ++i) {
    html += clip_element(clip_id(i), result.clips[i].name, score_line(result, result.clips[i]),
                         body(result, i, plots), i == open);
  }
  return html;
}

}  // namespace oasis::eval::page
