#include <fmt/format.h>

#include "eval/page/markup.h"
#include "eval/page/sections.h"

namespace oasis::eval::page {
namespace {

std::string list(const std::vector<std::string>& lines) {
  std::string html = "<ul class=\"plain\">";
  for (const std::string& line : lines) html += fmt::format("<li>{}</li>", escape(line));
  return html + "</ul>\n";
}

// "crop: 0" as a name and a value; other lines as they are.
std::string choices(const std::vector<std::string>& lines) {
  std::string named;
  std::vector<std::string> others;
  for (const std::string& line : lines) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos || colon > 40) {
      others.push_back(line);
      continue;
    }
    named += fmt::format("<dt>{}</dt><dd>{}</dd>", escape(line.substr(0, colon)),
                         escape(line.substr(colon + 2)));
  }
  return (named.empty() ? named : "<dl class=\"facts\">" + named + "</dl>\n") +
         (others.empty() ? std::string() : list(others));
}

}  // namespace

std::string protocol_section(const EvaluationResult& result) {
  std::string html;
  if (!result.deviations.empty()) {
    html += fmt::format(
        "<div class=\"alert\"><p><strong>These numbers deviate from the "
        "protocol.</strong></p>{}</div>\n",
        list(result.deviations));
  }
  html += fmt::format("<p>Protocol <strong>{}</strong>.{}</p>\n", escape(result.protocol),
                      result.deviations.empty() ? " Nothing deviates from it." : "");
  html += choices(result.protocol_text);
  if (!result.versions.empty()) {
    html += "<h3>Versions and weights</h3>\n<dl class=\"facts\">";
    for (const auto& [name, version] : result.versions) {
      html += fmt::format("<dt>{}</dt><dd class=\"path\">{}</dd>", escape(name), escape(version));
    }
    html += "</dl>\n";
  }
  return html;
}

}  // namespace oasis::eval::page
