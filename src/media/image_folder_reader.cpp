#include "image_folder_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "oasis/core/error.h"
#include "oasis/media/image_io.h"

namespace oasis::media {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_image(const std::filesystem::path& path) {
  static const std::set<std::string> known = {".png",  ".jpg",  ".jpeg", ".bmp", ".tif",
                                              ".tiff", ".webp", ".ppm",  ".pgm", ".pnm"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return known.count(extension) != 0 && path.filename().string().front() != '.';
}

/// The last run of digits in a name without its extension; -1: there is none, or it is too long.
long long number_in(const std::filesystem::path& path) {
  const std::string name = path.stem().string();
  std::size_t end = name.size();
  while (end > 0 && !is_digit(name[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_digit(name[begin - 1])) --begin;
  if (begin == end || end - begin > 17) return -1;
  return std::stoll(name.substr(begin, end - begin));
}

/// The digits from `at` on, without leading zeros; moves `at` behind them.
std::string take_number(const std::string& text, std::size_t& at) {
  while (at < text.size() && text[at] == '0') ++at;
  const std::size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return text.substr(begin, at - begin);
}

}  // namespace

bool natural_less(const std::string& left, const std::string& right) {
  std::size_t i = 0, j = 0;
  while (i < left.size() && j < right.size()) {
    if (is_digit(left[i]) && is_digit(right[j])) {
      const std::string a = take_number(left, i), b = take_number(right, j);
      if (a.size() != b.size()) return a.size() < b.size();
      if (a != b) return a < b;
      continue;
    }
    if (left[i] != right[j]) return left[i] < right[j];
    ++i;
    ++j;
  }
  if (left.size() - i != right.size() - j) return left.size() - i < right.size() - j;
  return left < right;
}

ImageFolderReader::ImageFolderReader(const std::filesystem::path& folder,
                                     const ReaderOptions& options)
    : folder_(folder) {
  quiet_ = options.quiet;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file() && is_image(entry.path())) files_.push_back(entry.path());
  }
  if (files_.empty()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("the folder {} holds no images (PNG, JPEG, TIFF, BMP, WebP, PNM)",
                            folder.string()));
  }
  std::sort(files_.begin(), files_.end(), [](const auto& left, const auto& right) {
    return natural_less(left.filename().string(), right.filename().string());
  });
  describe(options);
  report_gaps();
}

void ImageFolderReader::describe(const ReaderOptions& options) {
  const Image first = read_image(files_.front());
  info_.width = first.frame.width;
  info_.height = first.frame.height;
  info_.bit_depth = first.bit_depth;
  info_.layout = first.gray ? PixelLayout::gray : PixelLayout::rgb;
  info_.color.matrix = 0;
  info_.color.full_range = true;
  info_.frame_rate = options.folder_frame_rate;
  info_.time_base = {options.folder_frame_rate.den, options.folder_frame_rate.num};
  info_.frame_count = static_cast<std::int64_t>(files_.size());
  info_.duration_seconds = static_cast<double>(files_.size()) / info_.frame_rate.value();
  info_.has_alpha = first.has_alpha;
  info_.image_folder = true;
  info_.codec_name = "images";
  info_.pixel_format = first.bit_depth > 8 ? "rgb48" : "rgb24";
  if (first.has_alpha) {
    warn(fmt::format("{} has transparency, which is dropped", folder_.string()));
  }
}

void ImageFolderReader::report_gaps() {
  std::string missing;
  int gaps = 0;
  for (std::size_t i = 1; i < files_.size(); ++i) {
    const long long before = number_in(files_[i - 1]), after = number_in(files_[i]);
    if (before < 0 || after <= before + 1) continue;
    if (++gaps > 5) continue;
    missing += missing.empty() ? "" : ", ";
    missing += after == before + 2 ? fmt::format("{}", before + 1)
                                   : fmt::format("{} to {}", before + 1, after - 1);
  }
  if (gaps == 0) return;
  warn(
      fmt::format("{}: image numbers are missing ({}{}); the images that are there are taken as "
                  "consecutive frames",
                  folder_.string(), missing, gaps > 5 ? ", ..." : ""));
}

bool ImageFolderReader::next(Frame& frame) {
  while (position_ < files_.size()) {
    const std::filesystem::path& file = files_[position_];
    try {
      Image image = read_image(file);
      if (image.frame.width != info_.width || image.frame.height != info_.height) {
        throw Error(ExitCode::unreadable_input,
                    fmt::format("{} is {}x{}, the images before it are {}x{}", file.string(),
                                image.frame.width, image.frame.height, info_.width, info_.height));
      }
      frame = std::move(image.frame);
      frame.pts = static_cast<std::int64_t>(position_++);
      frame.duration = 1;
      return true;
    } catch (const Error& error) {
      ++position_;
      damaged_ = true;
      warn(fmt::format("{}; the image is left out", error.what()));
    }
  }
  return false;
}

bool ImageFolderReader::skip(Frame& frame) {
  if (position_ >= files_.size()) return false;
  frame.pts = static_cast<std::int64_t>(position_++);
  frame.duration = 1;
  return true;
}

}  // namespace oasis::media
