#include <fmt/format.h>

#include "eval/page/comparison_sections.h"
#include "eval/page/document.h"
#include "eval/page/markup.h"
#include "eval/page/sections.h"
#include "oasis/eval/page.h"

namespace oasis::eval {
namespace {

std::string title(const Comparison& comparison) {
  std::string names;
  for (std::size_t i = 0; i < comparison.methods.size(); ++i) {
    const bool last = i + 1 == comparison.methods.size();
    names += (i == 0 ? "" : last ? " and " : ", ") + comparison.methods[i].method;
  }
  return names.empty() ? "Comparison" : "Comparison of " + names;
}

}  // namespace

void write_comparison_page(const Comparison& comparison, const std::filesystem::path& path) {
  page::Document document;
  document.title = title(comparison);
  document.lead = fmt::format("<p class=\"lead\">{}, {}</p>",
                              page::counted(comparison.methods.size(), "method"),
                              page::counted(page::match_clips(comparison).size(), "clip"));
  document.sections = {
      {"means", "Means", page::means_section(comparison)},
      {"differences", "Differences", page::differences_section(comparison)},
      {"clips", "Clips", page::matched_table_section(comparison)},
      {"details", "Clip by clip", page::matched_details_section(comparison, document.plots)},
      {"protocols", "Protocols", page::protocols_section(comparison)},
  };
  page::write_document(document, path);
}

namespace page {

std::string protocols_section(const Comparison& comparison) {
  if (comparison.methods.empty()) return "<p class=\"muted\">There are no methods.</p>";
  std::string html;
  for (const EvaluationResult& method : comparison.methods) {
    html += fmt::format("<h3>{}</h3>\n{}", escape(method.method), protocol_section(method));
  }
  return html;
}

}  // namespace page
}  // namespace oasis::eval
