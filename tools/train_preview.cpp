#include "train_preview.h"

#include <fmt/format.h>

#include <torch/torch.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/progress.h"
#include "oasis/data/packed_samples.h"
#include "oasis/data/sample_loader.h"

namespace oasis::tools {
namespace {

constexpr int kTextWidth = 560;
constexpr int kLineHeight = 16;

// Frame 0 of [3, T, H, W] in [-1, 1] as an 8-bit BGR picture.
cv::Mat first_frame(const at::Tensor& clip) {
  const at::Tensor bytes = ((clip.select(1, 0) + 1.0) * 127.5)
                               .round()
                               .clamp(0, 255)
                               .to(at::kByte)
                               .flip({0})
                               .permute({1, 2, 0})
                               .contiguous();
  return cv::Mat(static_cast<int>(bytes.size(0)), static_cast<int>(bytes.size(1)), CV_8UC3,
                 bytes.data_ptr())
      .clone();
}

cv::Mat text_panel(const data::TrainingSample& sample, int height) {
  cv::Mat panel(height, kTextWidth, CV_8UC3, cv::Scalar(250, 250, 250));
  std::istringstream lines(sample.origin + "\n" + sample.degradation);
  int y = kLineHeight;
  for (std::string line; std::getline(lines, line) && y < height; y += kLineHeight) {
    cv::putText(panel, line, {6, y}, cv::FONT_HERSHEY_SIMPLEX, 0.38, {40, 40, 40}, 1, cv::LINE_AA);
  }
  return panel;
}

cv::Mat sheet_row(const data::TrainingSample& sample) {
  const cv::Mat hq = first_frame(sample.hq);
  cv::Mat lq;
  cv::resize(first_frame(sample.lq), lq, hq.size(), 0, 0, cv::INTER_NEAREST);
  const cv::Mat panel = text_panel(sample, hq.rows);
  cv::Mat row;
  cv::hconcat(std::vector<cv::Mat>{lq, hq, panel}, row);
  return row;
}

}  // namespace

void write_contact_sheet(const std::filesystem::path& path, const data::SampleSource& source,
                         int count) {
  std::vector<cv::Mat> rows;
  for (int i = 0; i < count; ++i) {
    throw_if_interrupted();
    rows.push_back(sheet_row(source.sample(static_cast<std::uint64_t>(i))));
  }
  cv::Mat sheet;
  cv::vconcat(rows, sheet);
  if (!cv::imwrite(path.string(), sheet)) {
    throw Error(ExitCode::failed, fmt::format("{}: cannot be written", path.string()));
  }
}

void write_packed(const std::filesystem::path& folder,
                  std::shared_ptr<const data::SampleSource> source, int count, int threads) {
  constexpr std::size_t per_shard = 64;
  data::PackedWriter writer(folder, per_shard);
  std::uint64_t first = 0;
  const auto total = static_cast<std::uint64_t>(count);
  while (first < total && writer.has(first)) first += per_shard;
  data::LoaderOptions options;
  options.threads = threads;
  options.ahead = static_cast<std::size_t>(2 * threads);
  data::SampleLoader loader(
      std::move(source), [first](std::uint64_t n) { return first + n; }, options);
  Progress progress("packing", "samples", count);
  for (std::uint64_t n = first; n < total; ++n) {
    throw_if_interrupted();
    writer.add(loader.next(), n);
    progress.update(static_cast<std::int64_t>(n + 1));
  }
  writer.finish();
  progress.finish();
}

}  // namespace oasis::tools
