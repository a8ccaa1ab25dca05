#include "oasis/train/report_page.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/core/version.h"
#include "oasis/train/training_log.h"
#include "train/curve_plot.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1f24;background:#fff}svg{width:100%;height:auto;background:#f6f8fa}img{max-width:100%"
    "}"
    "h2{font-size:1rem;margin:1.5rem 0 .3rem}path{fill:none;stroke:#0969da;stroke-width:1.5}"
    "circle{fill:#0969da}path.raw{stroke:#0969da33}text{font-size:11px;fill:#57606a}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}svg{background:#"
    "161b22}}";

std::string base64(const std::string& bytes) {
  constexpr const char* letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<std::uint8_t>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text.push_back(i + j > bytes.size() ? '=' : letters[group >> (18 - 6 * j) & 63U]);
    }
  }
  return text;
}

std::vector<std::string> curve_names(const fs::path& output) {
  std::ifstream stream(output / "log.csv");
  std::set<std::string> names;
  for (std::string row; std::getline(stream, row);) {
    const auto first = row.find(',');
    const auto second = row.find(',', first + 1);
    if (second != std::string::npos && row.rfind("step", 0) != 0) {
      names.insert(row.substr(first + 1, second - first - 1));
    }
  }
  return {names.begin(), names.end()};
}

// The newest picture of each validation clip.
std::string pictures(const fs::path& output) {
  std::map<std::string, fs::path> newest;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(output / "pictures", error)) {
    const std::string clip = entry.path().stem().string().substr(0, 6);
    fs::path& kept = newest[clip];
    if (kept.empty() || kept.filename() < entry.path().filename()) kept = entry.path();
  }
  std::string html;
  for (const auto& [clip, path] : newest) {
    std::ifstream stream(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    html += fmt::format(
        "<h2>{}: bicubic, output, reference</h2><img alt=\"{}\" "
        "src=\"data:image/png;base64,{}\">\n",
        path.stem().string(), clip, base64(bytes));
  }
  return html;
}

}  // namespace

void write_report_page(const fs::path& output) {
  std::string html = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta "
      "name=\"viewport\" content=\"width=device-width\"><title>OASIS "
      "training</title><style>{}</style><h1>Training</h1><p>oasis-train {}. "
      "Faint: each step; dark: running mean. Outliers are drawn at the edge.</p>\n",
      kStyle, version());
  for (const std::string& name : curve_names(output)) {
    const Curve curve = TrainingLog::read(output, name);
    if (!curve.empty()) html += plot_curve(name, curve);
  }
  html += pictures(output) + "</html>\n";
  const fs::path path = output / "report.html";
  std::ofstream stream(path.string() + ".part", std::ios::binary);
  stream << html;
  stream.close();
  std::error_code error;
  if (stream) fs::rename(path.string() + ".part", path, error);
  if (!stream || error) {
    throw Error(ExitCode::failed, fmt::format("{}: cannot be written", path.string()));
  }
}

}  // namespace oasis::train
