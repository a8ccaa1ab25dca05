#include "route_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/routing/replace_file.h"

namespace oasis::tools {
namespace {

// Sizes in pixels, colours in the order blue, green, red.
constexpr int kMargin = 24;
constexpr int kLeft = 44;    // row numbers
constexpr int kTop = 64;     // title and column numbers
constexpr int kBottom = 40;  // legend
constexpr int kLeastPanel = 236;
const cv::Scalar kInk(40, 40, 40);
const cv::Scalar kPaper(255, 255, 255);
const cv::Scalar kLine(225, 225, 225);

struct LegendEntry {
  std::string name;
  cv::Scalar color;
};

/// A grid of coloured cells with its legend: named colours, or a range of values.
struct Panel {
  std::string title;
  std::string row_name;
  std::string col_name;
  int rows = 0;
  int cols = 0;
  std::function<cv::Scalar(int row, int col)> color;
  std::vector<LegendEntry> legend;  ///< empty: a bar from `low` to `high`
  double low = 0;
  double high = 1;
};

cv::Scalar kind_color(nn::HeadKind kind) {
  if (kind == nn::HeadKind::window) return {60, 142, 240};  // orange
  return kind == nn::HeadKind::intra ? cv::Scalar(120, 165, 40) : cv::Scalar(150, 80, 60);
}

cv::Scalar value_color(double value, double low, double high) {
  const double share = high > low ? (value - low) / (high - low) : 0;
  cv::Mat one(1, 1, CV_8UC1, cv::Scalar(std::clamp(share, 0.0, 1.0) * 255)), color;
  cv::applyColorMap(one, color, cv::COLORMAP_VIRIDIS);
  const auto& pixel = color.at<cv::Vec3b>(0, 0);
  return {static_cast<double>(pixel[0]), static_cast<double>(pixel[1]),
          static_cast<double>(pixel[2])};
}

void write(cv::Mat& picture, const std::string& text, int x, int y, double size = 0.42) {
  cv::putText(picture, text, {x, y}, cv::FONT_HERSHEY_SIMPLEX, size, kInk, 1, cv::LINE_AA);
}

/// A cell's height; wide maps get narrow cells.
int cell_size(const Panel& panel) {
  return std::clamp(480 / std::max(panel.rows, panel.cols), 12, 56);
}

cv::Size panel_size(const Panel& panel) {
  const int cell = cell_size(panel);
  return {kLeft + std::max(panel.cols * cell, kLeastPanel) + kMargin,
          kTop + panel.rows * cell + kBottom};
}

/// Row and column numbers, every one or as many as there is room for.
void draw_numbers(cv::Mat& picture, const Panel& panel, int left, int top, int cell) {
  const int step = cell >= 18 ? 1 : 5;
  for (int col = 0; col < panel.cols; col += step) {
    write(picture, std::to_string(col), left + col * cell + cell / 2 - 4, top - 6, 0.36);
  }
  for (int row = 0; row < panel.rows; row += step) {
    write(picture, std::to_string(row), left - 22, top + row * cell + cell / 2 + 4, 0.36);
  }
  write(picture, panel.col_name, left, top - 22, 0.38);
  write(picture, panel.row_name, left - 40, top - 6, 0.38);
}

void draw_legend(cv::Mat& picture, const Panel& panel, int left, int top) {
  int x = left;
  for (const auto& [name, color] : panel.legend) {
    cv::rectangle(picture, {x, top, 12, 12}, color, cv::FILLED);
    write(picture, name, x + 17, top + 11, 0.38);
    x += 30 + 8 * static_cast<int>(name.size());
  }
  if (!panel.legend.empty()) return;
  const std::string low = fmt::format("{:.3g}", panel.low),
                    high = fmt::format("{:.3g}", panel.high);
  write(picture, low, x, top + 11, 0.38);
  x += 12 + 8 * static_cast<int>(low.size());
  for (int i = 0; i < 100; ++i) {
    cv::line(picture, {x + i, top}, {x + i, top + 11}, value_color(i, 0, 99));
  }
  write(picture, high, x + 108, top + 11, 0.38);
}

void draw(cv::Mat& picture, const Panel& panel, int x, int y) {
  const int cell = cell_size(panel), left = x + kLeft, top = y + kTop;
  write(picture, panel.title, left, y + 22, 0.46);
  for (int row = 0; row < panel.rows; ++row) {
    for (int col = 0; col < panel.cols; ++col) {
      const cv::Rect place(left + col * cell, top + row * cell, cell, cell);
      cv::rectangle(picture, place, panel.color(row, col), cv::FILLED);
      cv::rectangle(picture, place, kLine, 1);
    }
  }
  draw_numbers(picture, panel, left, top, cell);
  draw_legend(picture, panel, left, top + panel.rows * cell + 16);
}

void draw_panels(const std::filesystem::path& path, const std::vector<Panel>& panels) {
  cv::Size size(kMargin, 0);
  for (const auto& panel : panels) {
    size.width += panel_size(panel).width;
    size.height = std::max(size.height, panel_size(panel).height);
  }
  cv::Mat picture(size, CV_8UC3, kPaper);
  int x = 0;
  for (const auto& panel : panels) {
    draw(picture, panel, x, 0);
    x += panel_size(panel).width;
  }
  std::vector<unsigned char> bytes;
  if (!cv::imencode(".png", picture, bytes)) {
    throw Error(fmt::format("{}: the picture cannot be encoded", path.string()));
  }
  routing::replace_file(path, std::string(bytes.begin(), bytes.end()));
}

Panel layers_by_heads(std::string title, const routing::HeadKinds& kinds) {
  Panel panel;
  panel.title = std::move(title);
  panel.row_name = "layer";
  panel.col_name = "head";
  panel.rows = static_cast<int>(kinds.size());
  panel.cols = static_cast<int>(kinds.front().size());
  return panel;
}

Panel score_panel(const routing::HeadKinds& kinds, const routing::HeadScores& scores,
                  routing::Score score, routing::Pattern pattern, double high) {
  const char* name = pattern == routing::Pattern::intra ? "intra-frame" : "window";
  auto panel = layers_by_heads(fmt::format("{} of {}", to_string(score), name), kinds);
  panel.high = high;
  panel.color = [&scores, score, pattern, high](int layer, int head) {
    return value_color(scores.at(layer, head, score, pattern), 0, high);
  };
  return panel;
}

}  // namespace

void draw_head_map(const std::filesystem::path& path, const routing::HeadKinds& kinds,
                   const routing::HeadScores& scores, routing::Score score) {
  auto map = layers_by_heads("kind of attention", kinds);
  map.color = [&](int layer, int head) {
    return kind_color(kinds[static_cast<std::size_t>(layer)][static_cast<std::size_t>(head)]);
  };
  for (const auto kind : {nn::HeadKind::global, nn::HeadKind::intra, nn::HeadKind::window}) {
    map.legend.push_back({to_string(kind), kind_color(kind)});
  }
  double high = 0;
  for (std::int64_t layer = 0; layer < scores.layers(); ++layer) {
    for (std::int64_t head = 0; head < scores.heads(); ++head) {
      for (const auto pattern : routing::kPatterns) {
        high = std::max(high, scores.at(layer, head, score, pattern));
      }
    }
  }
  draw_panels(path, {map, score_panel(kinds, scores, score, routing::Pattern::intra, high),
                     score_panel(kinds, scores, score, routing::Pattern::window, high)});
}

void draw_stability(const std::filesystem::path& path, const routing::Stability& stability) {
  Panel pairs;
  pairs.title = "agreement of subsets";
  pairs.row_name = "subset";
  pairs.col_name = "subset";
  pairs.rows = pairs.cols = static_cast<int>(stability.agreement.size());
  pairs.low = stability.least_agreement < 1 ? stability.least_agreement : 0;
  pairs.color = [&](int row, int col) {
    return value_color(
        stability.agreement[static_cast<std::size_t>(row)][static_cast<std::size_t>(col)],
        pairs.low, 1);
  };
  auto heads = layers_by_heads("share of subsets as all", stability.maps.front());
  heads.color = [&](int layer, int head) {
    return value_color(
        stability.head_agreement[static_cast<std::size_t>(layer)][static_cast<std::size_t>(head)],
        0, 1);
  };
  draw_panels(path, {pairs, heads});
}

}  // namespace oasis::tools
