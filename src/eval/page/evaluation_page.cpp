#include <fmt/format.h>

#include <algorithm>

#include "eval/page/document.h"
#include "eval/page/markup.h"
#include "eval/page/sections.h"
#include "oasis/eval/page.h"

namespace oasis::eval {
namespace {

std::string lead(const EvaluationResult& result) {
  std::size_t scored = 0;
  std::int64_t frames = 0;
  for (const ClipResult& clip : result.clips) {
    if (!clip.error.empty()) continue;
    ++scored;
    frames += clip.frames;
  }
  return fmt::format(
      "<p class=\"lead\">{}, {} \xC2\xB7 protocol <a href=\"#protocol\">{}</a>{}</p>",
      page::counted(scored, "clip"), page::counted(static_cast<std::size_t>(frames), "frame"),
      page::escape(result.protocol), result.deviations.empty() ? "" : ", with deviations");
}

}  // namespace

void write_evaluation_page(const EvaluationResult& result, const std::filesystem::path& path) {
  page::Document document;
  document.title = fmt::format("Evaluation of {}", result.method);
  document.lead = lead(result);
  document.sections = {
      {"summary", "Summary", page::summary_section(result)},
      {"published", "Published results", page::published_section(result)},
      {"clips", "Clips", page::clip_table_section(result)},
      {"worst", "Worst frames", page::worst_frames_section(result)},
      {"details", "Clip by clip", page::clip_details_section(result, document.plots)},
      {"protocol", "Protocol", page::protocol_section(result)},
  };
  page::write_document(document, path);
}

}  // namespace oasis::eval
