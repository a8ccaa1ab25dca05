#include "eval/page/document.h"

#include <fmt/format.h>

#include "eval/page/markup.h"
#include "eval/page/script.h"
#include "eval/page/style.h"
#include "eval/write_file.h"
#include "oasis/core/version.h"

namespace oasis::eval::page {
namespace {

// The browser itself refuses whatever is not in the file.
constexpr const char* kPolicy =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

std::string head(const Document& document) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>{}</title>\n<script>{}</script>\n<style>{}</style>\n</head>\n",
      kPolicy, escape(document.title), early_script(), style_sheet());
}

std::string navigation(const Document& document) {
  std::string html = "<nav aria-label=\"Sections\"><ul>";
  for (const Section& section : document.sections) {
    html += fmt::format("<li><a href=\"#{}\">{}</a></li>", section.id, escape(section.title));
  }
  return html + "</ul></nav>\n";
}

std::string body(const Document& document) {
  std::string html = fmt::format(
      "<body>\n<a class=\"skip\" href=\"#content\">Skip to the results</a>\n<header>\n<h1>{}</h1>\n"
      "{}\n</header>\n{}<main id=\"content\">\n",
      escape(document.title), document.lead, navigation(document));
  for (const Section& section : document.sections) {
    html += fmt::format(
        "<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\">{1}</h2>\n{2}\n"
        "</section>\n",
        section.id, escape(section.title), section.html);
  }
  html += fmt::format("</main>\n<footer>oasis-eval {}</footer>\n", escape(version()));
  html += json_script("plots", document.plots);
  return html + fmt::format("<script>{}</script>\n</body>\n</html>\n", page_script());
}

}  // namespace

void write_document(const Document& document, const std::filesystem::path& path) {
  write_file(path, head(document) + body(document));
}

}  // namespace oasis::eval::page
