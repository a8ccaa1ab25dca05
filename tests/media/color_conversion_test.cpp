#include "oasis/media/color_conversion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "oasis/core/error.h"

namespace oasis::media {
namespace {

/// Planes with storage, `depth` bits per sample.
struct Picture {
  Picture(int width, int height, int depth, int log2_w, int log2_h, int matrix, bool full) {
    planar.width = width;
    planar.height = height;
    planar.depth = depth;
    planar.log2_chroma_width = log2_w;
    planar.log2_chroma_height = log2_h;
    planar.matrix = matrix;
    planar.full_range = full;
    for (int c = 0; c < 3; ++c) {
      columns[c] = c == 0 ? width : (width + (1 << log2_w) - 1) >> log2_w;
      rows[c] = c == 0 ? height : (height + (1 << log2_h) - 1) >> log2_h;
      const int bytes = depth > 8 ? 2 : 1;
      storage[c].assign(static_cast<std::size_t>(columns[c] * rows[c] * bytes), 0);
      planar.planes[c] = {storage[c].data(), columns[c] * bytes};
    }
  }
  Picture(const Picture& other)
      : Picture(other.planar.width, other.planar.height, other.planar.depth,
                other.planar.log2_chroma_width, other.planar.log2_chroma_height,
                other.planar.matrix, other.planar.full_range) {}
  int get(int c, int x, int y) const {
    const std::size_t i = static_cast<std::size_t>(y * columns[c] + x);
    return planar.depth > 8 ? reinterpret_cast<const std::uint16_t*>(storage[c].data())[i]
                            : storage[c][i];
  }
  void set(int c, int x, int y, int value) {
    const std::size_t i = static_cast<std::size_t>(y * columns[c] + x);
    if (planar.depth > 8) {
      reinterpret_cast<std::uint16_t*>(storage[c].data())[i] = static_cast<std::uint16_t>(value);
    } else {
      storage[c][i] = static_cast<std::uint8_t>(value);
    }
  }
  void randomise(unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> codes(0, (1 << planar.depth) - 1);
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < rows[c]; ++y) {
        for (int x = 0; x < columns[c]; ++x) set(c, x, y, codes(random));
      }
    }
  }
  int difference(const Picture& other, int c) const {
    int largest = 0;
    for (int y = 0; y < rows[c]; ++y) {
      for (int x = 0; x < columns[c]; ++x) {
        largest = std::max(largest, std::abs(get(c, x, y) - other.get(c, x, y)));
      }
    }
    return largest;
  }

  PlanarPicture planar;
  int columns[3], rows[3];
  std::vector<std::uint8_t> storage[3];
};

class EveryKind
    : public ::testing::TestWithParam<std::tuple<int /*matrix*/, bool /*full*/, int /*depth*/>> {};

TEST_P(EveryKind, SamplesWithoutSubsamplingComeBackExact) {
  const auto [matrix, full, depth] = GetParam();
  Picture picture(37, 29, depth, 0, 0, matrix, full), back = picture;
  picture.randomise(1);
  Frame frame;
  std::vector<float> scratch;
  to_rgb(picture.planar, frame, 2);
  from_rgb(frame, back.planar, scratch, 2);
  for (int c = 0; c < 3; ++c) EXPECT_EQ(picture.difference(back, c), 0) << "component " << c;
}

TEST_P(EveryKind, LumaOfSubsampledPicturesComesBackExact) {
  const auto [matrix, full, depth] = GetParam();
  if (matrix == 0) return;
  Picture picture(37, 29, depth, 1, 1, matrix, full), back = picture;
  picture.randomise(2);
  Frame frame;
  std::vector<float> scratch;
  to_rgb(picture.planar, frame, 2);
  from_rgb(frame, back.planar, scratch, 2);
  EXPECT_LE(picture.difference(back, 0), depth > 12 ? 1 : 0);
}

INSTANTIATE_TEST_SUITE_P(Matrices, EveryKind,
                         ::testing::Combine(::testing::Values(0, 1, 4, 5, 6, 7, 9),
                                            ::testing::Bool(), ::testing::Values(8, 10, 12)));

std::vector<std::uint8_t> rounded(const Picture& picture) {
  Frame frame;
  to_rgb(picture.planar, frame);
  std::vector<std::uint8_t> bytes(frame.rgb.size());
  to_rgb_bytes(frame, bytes.data());
  return bytes;
}

// The way without floats gives the same codes: at widths with and without a rest, at each place of
// the chroma samples.
TEST(ColorConversion, BytesAreTheRoundedFloats) {
  for (const int matrix : {1, 6, 9}) {
    for (const bool full : {false, true}) {
      for (const int log2_w : {0, 1, 2}) {
        for (const int width : {19, 64, 149}) {
          for (const int location : {0, 2, 3, 4}) {
            Picture picture(width, 21, 8, log2_w, log2_w == 1, matrix, full);
            picture.planar.chroma_location = location;
            picture.randomise(static_cast<unsigned>(width + location));
            const auto expected = rounded(picture);
            std::vector<std::uint8_t> bytes(expected.size());
            ASSERT_TRUE(to_rgb_bytes(picture.planar, bytes.data(), 2));
            EXPECT_EQ(bytes, expected) << matrix << full << log2_w << width << location;
          }
        }
      }
    }
  }
}

TEST(ColorConversion, BytesOfEveryLumaCode) {
  for (const bool full : {false, true}) {
    Picture picture(256, 2, 8, 1, 1, 1, full);
    for (int x = 0; x < 256; ++x) {
      for (int y = 0; y < 2; ++y) picture.set(0, x, y, x);
    }
    for (int x = 0; x < 128; ++x) {
      picture.set(1, x, 0, 128);
      picture.set(2, x, 0, 128);
    }
    std::vector<std::uint8_t> bytes(3 * 256 * 2);
    ASSERT_TRUE(to_rgb_bytes(picture.planar, bytes.data()));
    for (int x = 0; x < 256; ++x) {
      const double value = full ? x : (x - 16) * 255.0 / 219;
      const double nearest = std::floor(std::min(std::max(value, 0.0), 255.0) + 0.5);
      for (std::size_t c = 0; c < 3; ++c) {
        EXPECT_EQ(bytes[512 * c + static_cast<std::size_t>(x)], nearest) << x;
      }
    }
  }
}

TEST(ColorConversion, BytesOnlyOfEightBitYuv) {
  std::uint8_t bytes[3 * 16];
  for (const auto& [depth, matrix] : {std::pair{10, 1}, std::pair{8, 0}}) {
    EXPECT_FALSE(to_rgb_bytes(Picture(4, 4, depth, 0, 0, matrix, false).planar, bytes));
  }
}

TEST(ColorConversion, KnownColoursOfBt709Limited) {
  // Reference codes of 100 % bars (ITU-R BT.709, 8 bits).
  const int bars[][6] = {{235, 128, 128, 1, 1, 1},
                         {219, 16, 138, 1, 1, 0},
                         {63, 102, 240, 1, 0, 0},
                         {32, 240, 118, 0, 0, 1},
                         {16, 128, 128, 0, 0, 0}};
  for (const auto& bar : bars) {
    Picture picture(1, 1, 8, 0, 0, 1, false);
    for (int c = 0; c < 3; ++c) picture.set(c, 0, 0, bar[c]);
    Frame frame;
    to_rgb(picture.planar, frame);
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(frame.plane(c)[0], bar[3 + c], 0.005);
  }
}

TEST(ColorConversion, MatricesDiffer) {
  Picture bt601(1, 1, 8, 0, 0, 6, false), bt2020(1, 1, 8, 0, 0, 9, false);
  for (Picture* picture : {&bt601, &bt2020}) {
    picture->set(0, 0, 0, 100);
    picture->set(1, 0, 0, 128);
    picture->set(2, 0, 0, 200);
  }
  Frame a, b;
  to_rgb(bt601.planar, a);
  to_rgb(bt2020.planar, b);
  // R = Y + 2 (1 - Kr) Cr with Y = 84 / 219 and Cr = 72 / 224.
  EXPECT_NEAR(a.plane(0)[0], 84.0 / 219 + 1.402 * 72 / 224, 1e-5);
  EXPECT_NEAR(b.plane(0)[0], 84.0 / 219 + 1.4746 * 72 / 224, 1e-5);
}

TEST(ColorConversion, ColoursOutsideTheCubeAreNotClamped) {
  Picture picture(1, 1, 8, 0, 0, 1, false);
  picture.set(0, 0, 0, 250);
  picture.set(1, 0, 0, 128);
  picture.set(2, 0, 0, 240);
  Frame frame;
  to_rgb(picture.planar, frame);
  EXPECT_GT(frame.plane(0)[0], 1.5f);
}

TEST(ColorConversion, FlatChromaStaysFlatAndLinearChromaStaysLinear) {
  for (int location : {1, 2, 3, 4}) {
    Picture picture(32, 16, 8, 1, 1, 1, true), back = picture;
    picture.planar.chroma_location = back.planar.chroma_location = location;
    for (int y = 0; y < 16; ++y) {
      for (int x = 0; x < 32; ++x) picture.set(0, x, y, 100);
    }
    for (int y = 0; y < 8; ++y) {
      for (int x = 0; x < 16; ++x) {
        picture.set(1, x, y, 40 + 8 * x);
        picture.set(2, x, y, 90);
      }
    }
    Frame frame;
    std::vector<float> scratch;
    to_rgb(picture.planar, frame);
    from_rgb(frame, back.planar, scratch);
    for (int x = 4; x < 12; ++x) {
      EXPECT_EQ(back.get(1, x, 4), picture.get(1, x, 4)) << "location " << location << " x " << x;
      EXPECT_EQ(back.get(2, x, 4), 90);
    }
    // Half-way between chroma samples at 40 + 8 i the value is half-way too.
    const float blue_left = frame.plane(2)[8 * 32 + 10], blue_right = frame.plane(2)[8 * 32 + 11];
    EXPECT_NEAR(blue_right - blue_left, 4 * 1.8556 / 255, 1e-4);
  }
}

TEST(ColorConversion, ChromaLocationMovesColour) {
  Picture left(16, 8, 8, 1, 1, 1, true);
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < left.rows[c]; ++y) {
      for (int x = 0; x < left.columns[c]; ++x) left.set(c, x, y, c == 1 ? 40 + 8 * x : 128);
    }
  }
  Frame at_left, at_centre;
  to_rgb(left.planar, at_left);
  left.planar.chroma_location = 2;
  to_rgb(left.planar, at_centre);
  EXPECT_NEAR(at_left.plane(2)[3 * 16 + 8] - at_centre.plane(2)[3 * 16 + 8], 2 * 1.8556 / 255,
              1e-4);
}

TEST(ColorConversion, RampOfTenBitsKeepsItsLevels) {
  for (const bool full : {true, false}) {
    Picture ramp(1024, 1, 10, 0, 0, 1, full), back = ramp;
    for (int x = 0; x < 1024; ++x) {
      ramp.set(0, x, 0, x);
      ramp.set(1, x, 0, 512);
      ramp.set(2, x, 0, 512);
    }
    Frame frame;
    std::vector<float> scratch;
    to_rgb(ramp.planar, frame);
    for (float& value : frame.rgb) value = std::min(std::max(value, 0.0f), 1.0f);
    from_rgb(frame, back.planar, scratch);
    std::set<int> levels;
    for (int x = 0; x < 1024; ++x) levels.insert(back.get(0, x, 0));
    EXPECT_GE(levels.size(), full ? 1000u : 860u);
  }
}

TEST(ColorConversion, GrayHasEqualComponents) {
  Picture picture(5, 3, 8, 0, 0, 1, false);
  picture.planar.gray = true;
  picture.set(0, 2, 1, 16 + 219 / 2);
  Frame frame;
  to_rgb(picture.planar, frame);
  EXPECT_NEAR(frame.plane(0)[7], 109.0 / 219, 1e-6);
  EXPECT_EQ(frame.plane(0)[7], frame.plane(2)[7]);
}

TEST(ColorConversion, RefusesMatricesOfAnotherKind) {
  EXPECT_THROW(luma_weights(8), Error);   // YCgCo
  EXPECT_THROW(luma_weights(14), Error);  // ICtCp
}

}  // namespace
}  // namespace oasis::media
