#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "oasis/eval/evaluator.h"
#include "oasis/eval/metric_catalogue.h"
#include "oasis/media/frame.h"
#include "oasis/media/image_io.h"

namespace oasis::eval {

/// The code value of channel c at (y, x) of frame t.
using Paint = std::function<int(int t, int c, int y, int x)>;

/// The picture pair P(H, W) of metrics.md section 8: a reference and the same with noise.
inline int pattern_reference(int, int c, int y, int x) {
  return (7 * x + 5 * y + 31 * c + x * y / 16) % 256;
}

inline std::uint32_t hashed(std::uint32_t h, std::uint32_t i) {
  std::uint32_t x = h + 2654435761U * i;
  x ^= x >> 16;
  x *= 0x85ebca6bU;
  x ^= x >> 13;
  x *= 0xc2b2ae35U;
  return x ^ x >> 16;
}

inline std::uint32_t fnv1a(const std::string& key) {
  std::uint32_t h = 2166136261U;
  for (const unsigned char c : key) h = (h ^ c) * 16777619U;
  return h;
}

inline Paint pattern_distorted(int height, int width) {
  return [=](int t, int c, int y, int x) {
    const auto at = static_cast<std::uint32_t>((c * height + y) * width + x);
    const int noise = static_cast<int>((hashed(fnv1a("n"), at) >> 24) % 41) - 20;
    return std::clamp(pattern_reference(t, c, y, x) + noise, 0, 255);
  };
}

/// A folder per test and clips in it.
class EvalTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "oasis-eval-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// `count` PNG images in the folder `name`.
  std::filesystem::path make_clip(const std::string& name, int count, int width, int height,
                                  const Paint& paint) const {
    const auto clip = folder_ / name;
    std::filesystem::create_directories(clip);
    for (int t = 0; t < count; ++t) {
      media::Frame frame;
      frame.resize(width, height);
      for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < height; ++y) {
          for (int x = 0; x < width; ++x) {
            frame.plane(c)[y * width + x] = static_cast<float>(paint(t, c, y, x)) / 255.0F;
          }
        }
      }
      media::write_png(clip / (std::to_string(t) + ".png"), frame);
    }
    return clip;
  }

  void write_file(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  std::string read_file(const std::string& name) const {
    std::ifstream stream(folder_ / name);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  static EvaluationOptions options(const std::string& metrics,
                                   const std::string& protocol = "plain") {
    EvaluationOptions options;
    options.method = "test";
    options.protocol = load_protocol(protocol);
    options.protocol.ewarp_dis = true;
    options.metrics = select_metrics(metrics);
    options.threads = 2;
    options.pictures = false;
    return options;
  }

  Evaluation score(const EvaluationOptions& options) const {
    return evaluate(pair_clips(folder_ / "out", folder_ / "gt"), options);
  }

  /// The only clip of `out` and `gt`.
  ClipResult score_one(const EvaluationOptions& options) const {
    const auto evaluation = score(options);
    EXPECT_EQ(evaluation.result.clips.size(), 1U);
    return evaluation.result.clips.at(0);
  }

  std::filesystem::path folder_;
};

}  // namespace oasis::eval
