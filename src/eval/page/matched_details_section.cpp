#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/page/clip_details.h"
#include "eval/page/comparison_sections.h"
#include "eval/page/markup.h"
#include "eval/page/picture_slider.h"
#include "eval/page/scores.h"

namespace oasis::eval::page {
namespace {

const FramePictures* picture_of(const ClipResult& clip, std::int64_t frame) {
  for (const FramePictures& pictures : clip.pictures.frames) {
    if (pictures.frame == frame && !pictures.output.bytes.empty()) return &pictures;
  }
  return nullptr;
}

// Frames that two methods or more have pictures of, in order.
std::vector<std::int64_t> shared_frames(const std::vector<NamedClip>& clips) {
  std::vector<std::int64_t> frames;
  for (const auto& [method, clip] : clips) {
    for (const FramePictures& pictures : clip->pictures.frames) {
      const auto count = std::count_if(clips.begin(), clips.end(), [&](const NamedClip& other) {
        return picture_of(*other.clip, pictures.frame) != nullptr;
      });
      const bool known = std::find(frames.begin(), frames.end(), pictures.frame) != frames.end();
      if (count >= 2 && !known) frames.push_back(pictures.frame);
    }
  }
  return frames;
}

std::vector<Layer> layers_of(const std::vector<NamedClip>& clips, std::int64_t frame,
                             std::size_t& methods) {
  std::vector<Layer> layers;
  const Picture* reference = nullptr;
  const Picture* bicubic = nullptr;
  for (const auto& [method, clip] : clips) {
    const FramePictures* pictures = picture_of(*clip, frame);
    if (pictures == nullptr) continue;
    layers.push_back({method, &pictures->output});
    if (reference == nullptr && !pictures->reference.bytes.empty())
      reference = &pictures->reference;
    if (bicubic == nullptr && !pictures->bicubic.bytes.empty()) bicubic = &pictures->bicubic;
  }
  methods = layers.size();
  if (reference != nullptr) layers.push_back({"Reference", reference});
  if (bicubic != nullptr) layers.push_back({"Bicubic", bicubic});
  return layers;
}

std::string pictures(const MatchedClip& matched, std::size_t index,
                     const std::vector<NamedClip>& clips) {
  std::vector<Panel> choices;
  for (const std::int64_t frame : shared_frames(clips)) {
    std::size_t methods = 0;
    const std::vector<Layer> layers = layers_of(clips, frame, methods);
    const std::string id = fmt::format("clip-{}-frame-{}", index, choices.size());
    choices.push_back(
        {id, fmt::format("Frame {}", frame),
         picture_slider(id + "-picture", fmt::format("{}, frame {}", matched.name, frame), layers,
                        0, methods - 1)});
  }
  if (choices.empty()) {
    return "<p class=\"muted\">No two methods have a picture of the same frame.</p>";
  }
  return panels(fmt::format("clip-{}-frames", index), "Frame", choices);
}

std::string body(const Comparison& comparison, const MatchedClip& matched, std::size_t index,
                 nlohmann::json& plots) {
  std::vector<NamedClip> clips;
  std::vector<std::string> names;
  std::string absent;
  for (std::size_t i = 0; i < matched.results.size(); ++i) {
    const std::string& method = comparison.methods[i].method;
    if (matched.results[i] == nullptr) {
      absent +=
          fmt::format("<p class=\"muted\">{} has no result for this clip.</p>", escape(method));
      continue;
    }
    clips.push_back({method, matched.results[i]});
    names.push_back(method);
  }
  if (clips.empty()) return absent;
  const std::string id = fmt::format("clip-{}", index);
  std::string html = absent + "<h3>Pictures</h3>\n" + pictures(matched, index, clips);
  const std::string lines = curves(id + "-curves", all_metrics(comparison), clips, plots);
  if (!lines.empty()) html += "<h3>By frame</h3>\n" + legend(names) + lines;
  const std::string through_time = slices(clips);
  if (!through_time.empty()) html += "<h3>Slices through time</h3>\n" + through_time;
  const std::string luma = spectrum(id + "-spectrum", clips, plots);
  if (!luma.empty()) html += "<h3>Luma spectrum</h3>\n" + luma;
  return html;
}

std::string score_line(const Comparison& comparison, const MatchedClip& matched) {
  const std::vector<MetricInfo> metrics = all_metrics(comparison);
  if (metrics.empty()) return {};
  std::string html = escape(metrics.front().label);
  for (std::size_t i = 0; i < matched.results.size(); ++i) {
    const double score = matched.results[i] == nullptr
                             ? std::nan("")
                             : score_of(*matched.results[i], metrics.front().key);
    html +=
        fmt::format("{}{} {}", i == 0 ? ": " : " \xC2\xB7 ", escape(comparison.methods[i].method),
                    number(score, metrics.front().decimals));
  }
  return html;
}

}  // namespace

std::string matched_details_section(const Comparison& comparison, nlohmann::json& plots) {
  const std::vector<MatchedClip> clips = match_clips(comparison);
  if (clips.empty()) return "<p class=\"muted\">No clip was scored.</p>";
  // The first clip that all methods have is unfolded.
  const auto whole = std::find_if(clips.begin(), clips.end(), [](const MatchedClip& clip) {
    return std::find(clip.results.begin(), clip.results.end(), nullptr) == clip.results.end();
  });
  const auto open = static_cast<std::size_t>(whole - clips.begin()) % clips.size();
  std::string html;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    html += clip_element(fmt::format("clip-{}", i), clips[i].name, score_line(comparison, clips[i]),
                         body(comparison, clips[i], i, plots), i == open);
  }
  return html;
}

}  // namespace oasis::eval::page
