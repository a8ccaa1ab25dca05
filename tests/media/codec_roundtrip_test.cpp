#include "oasis/media/codec_roundtrip.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "oasis/core/error.h"

namespace oasis::media {
namespace {

/// A moving sum of sixteen waves, from broad to fine.
RgbImage wave_frame(int width, int height, int t) {
  RgbImage image{width, height, {}};
  image.samples.resize(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  std::size_t at = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      std::array<double, 3> value{128, 128, 128};
      for (int k = 1; k <= 16; ++k) {
        const double angle = 2.399963 * k;
        const double along = (x + 1.5 * t) * std::cos(angle) + (y + 0.5 * t) * std::sin(angle);
        const double phase = 2 * M_PI * 0.004 * std::pow(1.35, k - 1) * along + k * k;
        for (int c = 0; c < 3; ++c) {
          value[static_cast<std::size_t>(c)] += 60 * std::pow(0.8, k - 1) * std::sin(phase + 2 * c);
        }
      }
      for (const double v : value) {
        image.samples[at++] = static_cast<std::uint8_t>(std::clamp(std::nearbyint(v), 0.0, 255.0));
      }
    }
  }
  return image;
}

std::vector<RgbImage> wave_clip(int width, int height, int frames) {
  std::vector<RgbImage> clip;
  for (int t = 0; t < frames; ++t) clip.push_back(wave_frame(width, height, t));
  return clip;
}

/// The clip of the reference figures, made once.
const std::vector<RgbImage>& reference_clip() {
  static const std::vector<RgbImage> clip = wave_clip(256, 128, 17);
  return clip;
}

double psnr(const std::vector<RgbImage>& a, const std::vector<RgbImage>& b) {
  double sum = 0;
  double count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[i].samples.size(); ++j) {
      const double difference = a[i].samples[j] - b[i].samples[j];
      sum += difference * difference;
      ++count;
    }
  }
  return 10 * std::log10(255 * 255 * count / sum);
}

double bias(const std::vector<RgbImage>& a, const std::vector<RgbImage>& b) {
  double sum = 0;
  double count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[i].samples.size(); ++j) sum += b[i].samples[j] - a[i].samples[j];
    count += static_cast<double>(a[i].samples.size());
  }
  return sum / count;
}

CodecRoundtripOptions coded(const std::string& encoder, std::int64_t bit_rate) {
  CodecRoundtripOptions options;
  options.encoder = encoder;
  options.bit_rate = bit_rate;
  return options;
}

std::uint64_t hash_of(const CodecRoundtripResult& result) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const RgbImage& image : result.frames) {
    for (const std::uint8_t sample : image.samples) hash = (hash ^ sample) * 1099511628211ULL;
  }
  return hash;
}

TEST(CodecRoundtrip, TheReferenceClipIsAsDescribed) {
  const auto& clip = reference_clip();
  const auto pixel = [&](int x, int y, std::size_t t) {
    const auto* p = clip[t].samples.data() + 3 * (y * 256 + x);
    return std::array<int, 3>{p[0], p[1], p[2]};
  };
  EXPECT_EQ(pixel(0, 0, 0), (std::array<int, 3>{113, 128, 144}));
  EXPECT_EQ(pixel(128, 64, 0), (std::array<int, 3>{203, 147, 37}));
  EXPECT_EQ(pixel(200, 100, 5), (std::array<int, 3>{123, 148, 117}));
  EXPECT_EQ(pixel(200, 100, 8), (std::array<int, 3>{123, 179, 90}));
}

struct Figure {
  const char* encoder;
  std::int64_t bit_rate;
  double psnr;
  double bits_per_frame;
};

void PrintTo(const Figure& figure, std::ostream* stream) {
  *stream << figure.encoder << " at " << figure.bit_rate;
}

class CodecFigures : public testing::TestWithParam<Figure> {};

/// Quality and size that FFmpeg 5.1 with x264 core 164 gave elsewhere.
TEST_P(CodecFigures, AreThoseOfTheReference) {
  const Figure& expected = GetParam();
  const auto result = codec_roundtrip(reference_clip(), coded(expected.encoder, expected.bit_rate));
  ASSERT_EQ(result.frames.size(), 17U);
  EXPECT_NEAR(psnr(reference_clip(), result.frames), expected.psnr, 0.3);
  EXPECT_NEAR(static_cast<double>(result.bits) / 17 / expected.bits_per_frame, 1, 0.1);
}

INSTANTIATE_TEST_SUITE_P(
    Rates, CodecFigures,
    testing::Values(Figure{"libx264", 10000, 34.00, 7900}, Figure{"libx264", 30000, 34.78, 24900},
                    Figure{"libx264", 100000, 35.13, 58000}, Figure{"mpeg4", 10000, 33.06, 14400},
                    Figure{"mpeg4", 30000, 33.54, 16900}, Figure{"mpeg4", 100000, 33.54, 16900}));

TEST(CodecRoundtrip, DarkensUnlessToldNotTo) {
  const auto clip = wave_clip(160, 96, 4);
  auto options = coded("libx264", 0);
  options.crf = 0;
  const auto plain = codec_roundtrip(clip, options);
  EXPECT_NEAR(bias(clip, plain.frames), -1.17, 0.25);
  options.unbiased = true;
  const auto unbiased = codec_roundtrip(clip, options);
  EXPECT_NEAR(bias(clip, unbiased.frames), 0, 0.1);
  EXPECT_GT(psnr(clip, unbiased.frames), psnr(clip, plain.frames));
}

TEST(CodecRoundtrip, KeepsNumberAndSizeOfFrames) {
  for (const char* encoder : {"libx264", "mpeg4"}) {
    for (const int frames : {1, 2, 17, 27}) {
      for (const auto& [width, height] :
           {std::pair{2, 2}, std::pair{10, 10}, std::pair{1, 1}, std::pair{33, 17}}) {
        const auto clip = wave_clip(width, height, frames);
        const auto result = codec_roundtrip(clip, coded(encoder, 50000));
        ASSERT_EQ(result.frames.size(), clip.size());
        for (const RgbImage& image : result.frames) {
          EXPECT_EQ(image.width, width);
          EXPECT_EQ(image.height, height);
          EXPECT_EQ(image.samples.size(), static_cast<std::size_t>(3 * width * height));
        }
      }
    }
    const auto odd = wave_clip(240, 135, 3);
    EXPECT_GT(psnr(odd, codec_roundtrip(odd, coded(encoder, 100000)).frames), 28) << encoder;
  }
}

TEST(CodecRoundtrip, DeliversFramesInOrder) {
  // Each frame is brighter than the one before, in a way that B-frames would show.
  std::vector<RgbImage> clip;
  for (int t = 0; t < 20; ++t) {
    RgbImage image = wave_frame(64, 48, t);
    for (auto& sample : image.samples) sample = static_cast<std::uint8_t>(sample / 4 + 8 * t);
    clip.push_back(std::move(image));
  }
  for (const char* encoder : {"libx264", "mpeg4"}) {
    const auto result = codec_roundtrip(clip, coded(encoder, 100000));
    for (std::size_t t = 0; t < clip.size(); ++t) {
      EXPECT_NEAR(bias({clip[t]}, {result.frames[t]}), 0, 3) << encoder << " frame " << t;
    }
  }
}

TEST(CodecRoundtrip, ScalesToTheFirstFrame) {
  std::vector<RgbImage> clip;
  for (const auto& [width, height] : {std::pair{64, 48}, std::pair{96, 80}, std::pair{40, 30},
                                      std::pair{51, 47}, std::pair{64, 48}}) {
    RgbImage image{width, height, {}};
    image.samples.assign(static_cast<std::size_t>(3 * width * height), 120);
    clip.push_back(std::move(image));
  }
  for (const char* encoder : {"libx264", "mpeg4"}) {
    const auto result = codec_roundtrip(clip, coded(encoder, 50000));
    ASSERT_EQ(result.frames.size(), clip.size());
    for (const RgbImage& image : result.frames) {
      ASSERT_EQ(image.width, 64);
      ASSERT_EQ(image.height, 48);
      for (const std::uint8_t sample : image.samples) ASSERT_NEAR(sample, 120, 2);
    }
  }
}

TEST(CodecRoundtrip, TakesQualityAndKeyFrames) {
  const auto clip = wave_clip(96, 64, 12);
  auto options = coded("libx264", 0);
  options.unbiased = true;
  options.crf = 10;
  const auto fine = codec_roundtrip(clip, options);
  options.crf = 40;
  const auto coarse = codec_roundtrip(clip, options);
  EXPECT_GT(psnr(clip, fine.frames), psnr(clip, coarse.frames) + 1);
  EXPECT_GT(fine.bits, 4 * coarse.bits);
  options.gop = 1;
  EXPECT_GT(codec_roundtrip(clip, options).bits, coarse.bits);
}

TEST(CodecRoundtrip, RepeatsItselfInEveryThread) {
  const auto clip = wave_clip(240, 120, 6);
  for (const char* encoder : {"libx264", "mpeg4"}) {
    const auto options = coded(encoder, 20000);
    const std::uint64_t expected = hash_of(codec_roundtrip(clip, options));
    std::array<std::uint64_t, 3> found{};
    std::vector<std::thread> threads;
    for (auto& hash : found) {
      threads.emplace_back([&] { hash = hash_of(codec_roundtrip(clip, options)); });
    }
    for (auto& thread : threads) thread.join();
    for (const std::uint64_t hash : found) EXPECT_EQ(hash, expected) << encoder;
  }
}

/// Only meant to be run by the test below: prints a hash.
TEST(CodecRoundtrip, PrintsAHash) {
  const auto result = codec_roundtrip(wave_clip(240, 120, 6), coded("libx264", 20000));
  fmt::print("hash {:016x}\n", hash_of(result));
}

/// The heap's former contents must not matter.
TEST(CodecRoundtrip, RepeatsItselfInEveryProcess) {
  std::set<std::string> lines;
  for (const int fill : {0, 17, 170, 255}) {
    const std::string command =
        fmt::format("MALLOC_PERTURB_={} '{}/media_test' --gtest_filter=CodecRoundtrip.PrintsAHash",
                    fill, OASIS_BIN_DIR);
    std::FILE* pipe = popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string hash;
    for (std::array<char, 256> line; std::fgets(line.data(), line.size(), pipe) != nullptr;) {
      if (std::string(line.data()).rfind("hash", 0) == 0) hash = line.data();
    }
    ASSERT_EQ(pclose(pipe), 0);
    ASSERT_FALSE(hash.empty());
    lines.insert(hash);
  }
  EXPECT_EQ(lines.size(), 1U);
}

TEST(CodecRoundtrip, RefusesWhatCannotBeCoded) {
  const auto clip = wave_clip(16, 16, 1);
  const auto code_of = [&](const std::vector<RgbImage>& frames, CodecRoundtripOptions options) {
    try {
      codec_roundtrip(frames, options);
    } catch (const Error& error) {
      return error.code();
    }
    return ExitCode::done;
  };
  EXPECT_EQ(code_of(clip, coded("h261", 1000)), ExitCode::usage);
  EXPECT_EQ(code_of(clip, coded("libx264", 0)), ExitCode::usage);
  auto options = coded("mpeg4", 1000);
  options.crf = 20;
  EXPECT_EQ(code_of(clip, options), ExitCode::usage);
  options = coded("libx264", 1000);
  options.frames_per_second = 0;
  EXPECT_EQ(code_of(clip, options), ExitCode::usage);
  EXPECT_EQ(code_of({}, coded("libx264", 1000)), ExitCode::failed);
  auto broken = clip;
  broken[0].samples.pop_back();
  EXPECT_EQ(code_of(broken, coded("libx264", 1000)), ExitCode::failed);
}

}  // namespace
}  // namespace oasis::media
