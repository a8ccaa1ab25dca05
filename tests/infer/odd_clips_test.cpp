#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "oasis/media/video_reader.h"

// Unusual and damaged clips through the whole program, judged from outside with ffprobe.

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kClips = fs::path(OASIS_SHARED_DATA_DIR) / "lq";

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(kClips / folder, error)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Those of `wanted` that are there.
std::vector<std::string> names_among(const std::string& folder,
                                     const std::vector<std::string>& wanted) {
  std::vector<std::string> names;
  for (const std::string& name : names_in(folder)) {
    if (std::find(wanted.begin(), wanted.end(), name) != wanted.end()) names.push_back(name);
  }
  return names;
}

/// Mean difference between a frame and one of four times its size, each 4 x 4 pixels averaged.
double mean_distance(const oasis::media::Frame& small, const oasis::media::Frame& large) {
  double sum = 0;
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < small.height; ++y) {
      for (int x = 0; x < small.width; ++x) {
        double mean = 0;
        for (int k = 0; k < 16; ++k) {
          mean += large.plane(c)[(4 * y + k / 4) * large.width + 4 * x + k % 4] / 16.0;
        }
        sum += std::abs(mean - small.plane(c)[y * small.width + x]);
      }
    }
  }
  return sum / static_cast<double>(small.rgb.size());
}

std::string test_name(const testing::TestParamInfo<std::string>& file) {
  std::string name = file.param;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }

/// What ffprobe says of a clip; null when it cannot be run or read.
json probe(const fs::path& clip, const std::string& options) {
  const std::string input =
      fs::is_directory(clip)
          ? fmt::format("-f image2 -pattern_type glob -framerate 25 '{}/*.png'", clip.string())
          : fmt::format("'{}'", clip.string());
  const std::string command = fmt::format("ffprobe -v error -of json {} {}", options, input);
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string text;
  char buffer[4096];
  for (size_t got; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, got);
  if (exit_code(pclose(pipe)) != 0) return {};
  return json::parse(text, nullptr, false);
}

double fraction(const std::string& text, char divider = '/') {
  const size_t at = text.find(divider);
  return std::stod(text) / (at == std::string::npos ? 1.0 : std::stod(text.substr(at + 1)));
}

/// One clip as a player would see it.
struct Clip {
  json video;                 ///< the first video stream
  std::vector<json> others;   ///< sound, subtitles and further video
  json chapters;              ///< of the container
  std::string title;          ///< of the container
  std::vector<double> times;  ///< of the decoded frames of `video`, in seconds
  json packets;               ///< of all streams, with hashes of their data

  double tick() const { return fraction(video.at("time_base")); }
  int rotation() const {
    for (const json& data : video.value("side_data_list", json::array())) {
      if (data.contains("rotation")) return data["rotation"];
    }
    return 0;
  }
  bool turned() const { return std::abs(rotation()) % 180 == 90; }
  int shown_width() const { return video.at(turned() ? "height" : "width"); }
  int shown_height() const { return video.at(turned() ? "width" : "height"); }
  double shown_aspect() const {
    const std::string sample = video.value("sample_aspect_ratio", "1:1");
    const double stored = sample == "0:1" ? 1.0 : fraction(sample, ':');
    return (turned() ? 1 / stored : stored) * shown_width() / shown_height();
  }
  std::vector<json> packets_of(const json& stream) const {
    std::vector<json> result;
    for (const json& packet : packets) {
      if (packet.at("stream_index") == stream.at("index")) result.push_back(packet);
    }
    return result;
  }
};

bool is_carried(const json& stream) {
  const std::string kind = stream.at("codec_type");
  return kind == "video" || kind == "audio" || kind == "subtitle";
}

/// Fails the test, and leaves `clip.times` empty, when the file cannot be read.
void read_clip(const fs::path& path, Clip& clip) {
  const json all =
      probe(path, "-show_streams -show_format -show_chapters -show_packets -show_data_hash sha256");
  const json frames = probe(path, "-select_streams v:0 -show_frames");
  ASSERT_TRUE(all.is_object() && frames.is_object()) << "ffprobe cannot read " << path;
  for (const json& stream : all.at("streams")) {
    if (clip.video.is_null() && stream.at("codec_type") == "video") {
      clip.video = stream;
    } else if (is_carried(stream)) {
      clip.others.push_back(stream);
    }
  }
  ASSERT_FALSE(clip.video.is_null()) << path;
  clip.chapters = all.at("chapters");
  clip.title = all.at("format").value("tags", json::object()).value("title", "");
  clip.packets = all.at("packets");
  for (const json& frame : frames.at("frames")) {
    clip.times.push_back(frame.at("best_effort_timestamp").get<double>() * clip.tick());
  }
}

class OddClips : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    ASSERT_EQ(std::system("ffprobe -version >/dev/null 2>&1"), 0) << "scripts/setup installs it";
    std::string name = (fs::temp_directory_path() / "oasis-odd-clips-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directory(folder_ / "out");
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  /// Upscales a clip of `set`; the result has the source's container where that can be written.
  int upscale(const std::string& set, const std::string& options = "--model bicubic",
              const std::string& container = "") {
    input_ = kClips / set / GetParam();
    const std::string extension = input_.extension().string();
    const bool kept =
        extension == ".mp4" || extension == ".mov" || extension == ".mkv" || extension == ".webm";
    output_ = folder_ / "out" /
              (input_.stem().string() + (!container.empty() ? container
                                         : kept             ? extension
                                                            : ".mkv"));
    return exit_code(std::system(fmt::format("'{}/oasis-infer' '{}' '{}' {} --overwrite --quiet "
                                             ">/dev/null 2>'{}/messages'",
                                             OASIS_BIN_DIR, input_.string(), output_.string(),
                                             options, folder_.string())
                                     .c_str()));
  }

  std::vector<std::string> messages() const {
    std::vector<std::string> lines;
    std::ifstream file(folder_ / "messages");
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  /// A refusal says why in one line and leaves nothing behind.
  void expect_refusal() const {
    ASSERT_EQ(messages().size(), 1U);
    EXPECT_NE(messages().front().find(GetParam()), std::string::npos) << messages().front();
    EXPECT_TRUE(fs::is_empty(folder_ / "out"));
  }

  fs::path folder_, input_, output_;
};

void expect_same_times(const Clip& source, const Clip& result) {
  ASSERT_EQ(result.times.size(), source.times.size());
  for (size_t i = 0; i < source.times.size(); ++i) {
    ASSERT_NEAR(result.times[i], source.times[i], result.tick() + 1e-9) << "frame " << i;
  }
}

void expect_same_picture_shape(const Clip& source, const Clip& result) {
  EXPECT_EQ(result.rotation(), 0);
  EXPECT_FALSE(result.video.value("tags", json::object()).contains("rotate"));
  EXPECT_EQ(result.shown_width(), 4 * source.shown_width());
  EXPECT_EQ(result.shown_height(), 4 * source.shown_height());
  EXPECT_NEAR(result.shown_aspect() / source.shown_aspect(), 1.0, 1e-6);
}

/// Colours are kept as tagged; RGB becomes BT.709 of limited range.
void expect_same_colours(const Clip& source, const Clip& result) {
  const std::string format = source.video.at("pix_fmt");
  const bool rgb = format.find("rgb") != std::string::npos ||
                   format.find("bgr") != std::string::npos || format == "pal8";
  if (rgb) {
    EXPECT_EQ(result.video.value("color_space", "unknown"), "bt709");
    EXPECT_EQ(result.video.value("color_range", "unknown"), "tv");
    return;
  }
  for (const char* tag : {"color_range", "color_space", "color_transfer", "color_primaries"}) {
    const std::string stated = source.video.value(tag, "unknown");
    if (stated == "unknown") continue;
    EXPECT_EQ(result.video.value(tag, "unknown"), stated) << tag;
  }
}

/// The stream holds the same packets, at the same times with respect to the video.
void expect_same_stream(const Clip& source, const json& from, const Clip& result, const json& to) {
  EXPECT_EQ(to.at("codec_name"), from.at("codec_name"));
  const json no_tags = json::object();
  EXPECT_EQ(to.value("tags", no_tags).value("language", "und"),
            from.value("tags", no_tags).value("language", "und"));
  const std::vector<json> expected = source.packets_of(from);
  const std::vector<json> found = result.packets_of(to);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(found[i].at("data_hash"), expected[i].at("data_hash")) << "packet " << i;
  }
  if (from.at("codec_type") != "audio") return;
  const auto offset = [](const Clip& clip, const json& stream) {
    return std::stod(stream.at("start_time").get<std::string>()) - clip.times.front();
  };
  EXPECT_NEAR(offset(result, to), offset(source, from), 0.001 + 1e-6);
}

void expect_same_chapters(const Clip& source, const Clip& result) {
  EXPECT_EQ(result.title, source.title);
  ASSERT_EQ(result.chapters.size(), source.chapters.size());
  for (size_t i = 0; i < source.chapters.size(); ++i) {
    const json& from = source.chapters[i];
    const json& to = result.chapters[i];
    EXPECT_EQ(to.at("start_time"), from.at("start_time"));
    EXPECT_EQ(to.at("end_time"), from.at("end_time"));
    EXPECT_EQ(to.value("tags", json()), from.value("tags", json()));
  }
}

TEST_P(OddClips, KeepEverythingButTheSize) {
  const int code = upscale("odd");
  if (GetParam().find("_pq_") != std::string::npos) {
    EXPECT_EQ(code, 3);
    expect_refusal();
    return;
  }
  ASSERT_EQ(code, 0) << (messages().empty() ? "" : messages().back());
  Clip source, result;
  ASSERT_NO_FATAL_FAILURE(read_clip(input_, source));
  ASSERT_NO_FATAL_FAILURE(read_clip(output_, result));
  ASSERT_FALSE(source.times.empty());
  expect_same_times(source, result);
  expect_same_picture_shape(source, result);
  expect_same_colours(source, result);
  ASSERT_EQ(result.others.size(), source.others.size());
  for (size_t i = 0; i < source.others.size(); ++i) {
    SCOPED_TRACE(fmt::format("stream {}", source.others[i].at("index").get<int>()));
    expect_same_stream(source, source.others[i], result, result.others[i]);
  }
  expect_same_chapters(source, result);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OddClips);
INSTANTIATE_TEST_SUITE_P(Clips, OddClips, testing::ValuesIn(names_in("odd")), test_name);

/// Five frames by the shipped model, trained or not: the input's picture, larger.
class ShippedModel : public OddClips {};

TEST_P(ShippedModel, UpscalesFiveFrames) {
  ASSERT_EQ(upscale("odd", "--frames 0:5 --codec ffv1", ".mkv"), 0)
      << (messages().empty() ? "" : messages().back());
  Clip source, result;
  ASSERT_NO_FATAL_FAILURE(read_clip(input_, source));
  ASSERT_NO_FATAL_FAILURE(read_clip(output_, result));
  ASSERT_GE(source.times.size(), 5U);
  ASSERT_EQ(result.times.size(), 5U);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(result.times[i], source.times[i] - source.times[0], result.tick() + 1e-9);
  }
  expect_same_picture_shape(source, result);
  expect_same_colours(source, result);

  const auto small = oasis::media::VideoReader::open(input_);
  const auto large = oasis::media::VideoReader::open(output_);
  oasis::media::Frame before, after;
  for (int frame = 0; frame < 5; ++frame) {
    ASSERT_TRUE(small->next(before) && large->next(after));
    EXPECT_LT(mean_distance(before, after), 0.03) << "frame " << frame;
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ShippedModel);
INSTANTIATE_TEST_SUITE_P(Clips, ShippedModel,
                         testing::ValuesIn(names_among(
                             "odd", {"dims_tiny_34x26.mp4", "full_range.mp4", "hevc_10bit.mp4"})),
                         test_name);

class DamagedClips : public OddClips {};

/// Of a clip that breaks off, what could be decoded is kept; all others here are refused.
TEST_P(DamagedClips, EndWithTheDocumentedCode) {
  const int code = upscale("negative");
  if (GetParam() != "truncated_mid_stream.mp4") {
    EXPECT_EQ(code, 3);
    expect_refusal();
    return;
  }
  EXPECT_EQ(code, 5);
  EXPECT_FALSE(messages().empty());
  Clip result;
  ASSERT_NO_FATAL_FAILURE(read_clip(output_, result));
  EXPECT_EQ(result.times.size(), 17U);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DamagedClips);
INSTANTIATE_TEST_SUITE_P(Clips, DamagedClips, testing::ValuesIn(names_in("negative")), test_name);

}  // namespace
