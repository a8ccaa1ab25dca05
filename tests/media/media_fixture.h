#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "oasis/media/video_reader.h"
#include "oasis/media/video_writer.h"

namespace oasis::media {

/// A folder per test, and ways to make and look at clips with FFmpeg's programs.
class MediaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = "oasis_media_" + std::to_string(::getpid()) + "_" + test->test_suite_name() +
                       "_" + test->name();
    std::replace(name.begin(), name.end(), '/', '_');
    folder_ = std::filesystem::temp_directory_path() / name;
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  /// What a command prints; a failing one fails the test.
  static std::string run(const std::string& command) {
    std::string text;
    std::FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
    if (pipe == nullptr) return text;
    std::array<char, 4096> block;
    std::size_t count = 0;
    while ((count = std::fread(block.data(), 1, block.size(), pipe)) > 0) {
      text.append(block.data(), count);
    }
    EXPECT_EQ(::pclose(pipe), 0) << command;
    return text;
  }

  /// Makes a clip with the ffmpeg program: `arguments` are inputs and options.
  std::string make(const std::string& name, const std::string& arguments) {
    run("ffmpeg -nostdin -v error -y " + arguments + " " + at(name));
    return at(name);
  }

  /// Values of `ffprobe -show_entries`, one a line.
  static std::string probe(const std::string& path, const std::string& entries,
                           const std::string& more = "") {
    return run("ffprobe -v error -of csv=p=0 " + more + " -show_entries " + entries + " " + path);
  }

  /// Reads all frames, enlarges them by repeating samples, and writes them.
  static std::unique_ptr<VideoReader> copy(const std::string& in, const std::string& out,
                                           WriterOptions options = {}, int scale = 1) {
    auto reader = VideoReader::open(in);
    options.source = in;
    auto writer = VideoWriter::create(out, options, reader->info(), reader->info().width * scale,
                                      reader->info().height * scale);
    Frame frame, large;
    while (reader->next(frame)) {
      if (options.range && frame.pts < options.range->begin) continue;
      if (options.range && frame.pts >= options.range->end) break;
      enlarge(frame, scale, large);
      writer->write(large);
    }
    writer->finish();
    writer_warnings_ = writer->warnings();
    return reader;
  }

  static void enlarge(const Frame& frame, int scale, Frame& large) {
    large.resize(frame.width * scale, frame.height * scale);
    large.pts = frame.pts;
    large.duration = frame.duration;
    for (int channel = 0; channel < 3; ++channel) {
      for (int y = 0; y < large.height; ++y) {
        for (int x = 0; x < large.width; ++x) {
          large.plane(channel)[static_cast<std::ptrdiff_t>(y) * large.width + x] = frame.plane(
              channel)[static_cast<std::ptrdiff_t>(y / scale) * frame.width + x / scale];
        }
      }
    }
  }

  static int count_frames(const std::string& path) {
    auto reader = VideoReader::open(path);
    Frame frame;
    int count = 0;
    while (reader->skip(frame)) ++count;
    return count;
  }

  /// Decoded samples as the ffmpeg program sees them, in the stored pixel format or another one.
  static std::vector<std::uint8_t> samples(const std::string& path, const std::string& format) {
    const std::string text =
        run("ffmpeg -nostdin -v error -noautorotate -i " + path +
            " -map 0:v:0 -fps_mode passthrough -pix_fmt " + format + " -f rawvideo -");
    return {text.begin(), text.end()};
  }

  /// A file of the shared test data; empty where there is none.
  static std::string shared(const std::string& name) {
    const std::filesystem::path root(OASIS_SHARED_DATA_DIR);
    const auto path = root / name;
    if (root.empty() || !std::filesystem::exists(path)) return {};
    return path.string();
  }

  std::filesystem::path folder_;
  static inline std::vector<std::string> writer_warnings_;
};

#define OASIS_NEEDS_SHARED(path) \
  if ((path).empty()) GTEST_SKIP() << "the shared test data is not on this machine"

/// The largest difference of two equally long runs of samples; a large number when they differ in
/// length.
inline int largest_difference(const std::vector<std::uint8_t>& a,
                              const std::vector<std::uint8_t>& b) {
  if (a.size() != b.size() || a.empty()) return 1 << 20;
  int largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace oasis::media
