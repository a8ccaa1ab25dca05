#include <fstream>
#include <iterator>

#include "media_fixture.h"
#include "oasis/core/error.h"

// Writers that go on from the finished parts of an earlier one.

namespace oasis::media {
namespace {

struct Output {
  const char* name;
  const char* codec;
};

void PrintTo(const Output& output, std::ostream* stream) {
  *stream << output.codec << " in " << output.name;
}

class WriterParts : public MediaTest, public testing::WithParamInterface<Output> {
 protected:
  static constexpr int kFrames = 17;
  static constexpr int kWidth = 96;
  static constexpr int kHeight = 64;

  static VideoInfo info() {
    VideoInfo result;
    result.width = kWidth;
    result.height = kHeight;
    result.time_base = {1, 1000};
    result.frame_rate = {25, 1};
    result.color.matrix = 6;
    return result;
  }

  /// Moving bars at irregular times.
  static Frame frame(int index) {
    Frame result;
    result.resize(kWidth, kHeight);
    for (int c = 0; c < 3; ++c) {
      for (int i = 0; i < kWidth * kHeight; ++i) {
        result.plane(c)[i] =
            static_cast<float>((i % kWidth + 3 * index + 40 * c) % kWidth) / kWidth;
      }
    }
    result.pts = 100 + 40 * index + 13 * (index % 3);
    result.duration = 40;
    return result;
  }

  WriterOptions options(const std::string& parts) const {
    WriterOptions result;
    result.codec = GetParam().codec;
    if (!parts.empty()) result.parts = at(parts);
    result.part_frames = 5;
    return result;
  }

  std::unique_ptr<VideoWriter> open(const std::string& folder, const std::string& parts) {
    std::filesystem::create_directories(at(folder));
    return VideoWriter::create(path(folder), options(parts), info(), kWidth, kHeight);
  }
  std::string path(const std::string& folder) const { return at(folder) + "/" + GetParam().name; }

  static void write(VideoWriter& writer, int begin, int end) {
    for (int i = begin; i < end; ++i) writer.write(frame(i));
  }

  /// Everything a file or folder holds.
  static std::string contents(const std::filesystem::path& path) {
    std::string all;
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::directory_iterator(path)) {
        files.push_back(entry.path());
      }
      std::sort(files.begin(), files.end());
    } else {
      files.push_back(path);
    }
    for (const auto& file : files) {
      std::ifstream stream(file, std::ios::binary);
      all.append(std::istreambuf_iterator<char>(stream), {});
    }
    return all;
  }
};

TEST_P(WriterParts, GoOnAsIfNothingHadHappened) {
  const auto whole = open("whole", "whole.d");
  write(*whole, 0, kFrames);
  whole->finish();

  for (const int stop : {0, 3, 5, 12, 17}) {
    const std::string name = "broken" + std::to_string(stop);
    auto first = open(name, name + ".d");
    EXPECT_EQ(first->frames_kept(), 0);
    write(*first, 0, stop);
    first.reset();
    EXPECT_FALSE(std::filesystem::exists(path(name)));

    const auto second = open(name, name + ".d");
    const auto kept = static_cast<int>(second->frames_kept());
    EXPECT_EQ(kept, std::string(GetParam().codec) == "png" ? stop : stop / 5 * 5);
    write(*second, kept, kFrames);
    second->finish();
    EXPECT_TRUE(contents(path(name)) == contents(path("whole"))) << "stopped after " << stop;
  }
}

TEST_P(WriterParts, KeepEveryTimeAndFrame) {
  const auto writer = open("out", "out.d");
  write(*writer, 0, kFrames);
  writer->finish();
  const auto plain = open("plain", "");
  write(*plain, 0, kFrames);
  plain->finish();
  const auto a = VideoReader::open(path("out")), b = VideoReader::open(path("plain"));
  Frame left, right;
  for (int i = 0; i < kFrames; ++i) {
    ASSERT_TRUE(a->next(left)) << "frame " << i;
    ASSERT_TRUE(b->next(right)) << "frame " << i;
    EXPECT_EQ(left.pts, right.pts) << "frame " << i;
    double sum = 0;
    for (std::size_t k = 0; k < left.rgb.size(); ++k) {
      sum += std::abs(left.rgb[k] - right.rgb[k]);
    }
    const bool lossless =
        std::string(GetParam().codec) == "ffv1" || std::string(GetParam().codec) == "png";
    EXPECT_LE(sum / static_cast<double>(left.rgb.size()), lossless ? 0.0 : 0.02) << "frame " << i;
  }
  EXPECT_FALSE(a->next(left));
}

TEST_P(WriterParts, DropABrokenPart) {
  {
    const auto writer = open("out", "out.d");
    write(*writer, 0, 12);
  }
  const bool images = std::string(GetParam().codec) == "png";
  const std::filesystem::path part = images
                                         ? std::filesystem::path(path("out") + ".part/000006.png")
                                         : folder_ / "out.d/000002.packets";
  ASSERT_TRUE(std::filesystem::exists(part));
  std::filesystem::resize_file(part, std::filesystem::file_size(part) - 1);
  const auto again = open("out", "out.d");
  EXPECT_EQ(again->frames_kept(), 5);
  EXPECT_FALSE(std::filesystem::exists(part));
}

INSTANTIATE_TEST_SUITE_P(Outputs, WriterParts,
                         testing::Values(Output{"a.mp4", "h264"}, Output{"a.mkv", "ffv1"},
                                         Output{"a.mov", "hevc10"}, Output{"a.webm", "vp9"},
                                         Output{"frames", "png"}));

}  // namespace
}  // namespace oasis::media
