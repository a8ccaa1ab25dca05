#include "oasis/nn/head_map.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "oasis/core/error.h"

namespace oasis::nn {
namespace {

const std::string kHeader = "format: 1\nwindow: [3, 5, 5]\nrho: 0.4\nscore: forward_floor\n";
const std::string kRows = "layers:\n  - [global, window, intra]\n  - [intra, intra, global]\n";

std::string refusal(const std::string& text) {
  try {
    parse_head_map(text, "head_map.yaml", 2, 3);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "accepted";
}

TEST(HeadMap, ReadsKindsInTheOrderOfLayersAndHeads) {
  const auto map = parse_head_map(kHeader + "videos: {count: 50, hash: abc}\n" + kRows, "x", 2, 3);
  EXPECT_EQ(map.layers[0],
            (std::vector<HeadKind>{HeadKind::global, HeadKind::window, HeadKind::intra}));
  EXPECT_EQ(map.layers[1],
            (std::vector<HeadKind>{HeadKind::intra, HeadKind::intra, HeadKind::global}));
  EXPECT_EQ(map.window.rows, 5);
  EXPECT_EQ(map.rho, 0.4);
  EXPECT_EQ(map.videos, 50);
  EXPECT_EQ(map.videos_hash, "abc");
}

TEST(HeadMap, NeedsNoProvenance) {
  const auto map = parse_head_map("format: 1\nwindow: [1, 3, 3]\n" + kRows, "x", 2, 3);
  EXPECT_FALSE(map.rho.has_value());
  EXPECT_EQ(map.videos, 0);
}

TEST(HeadMap, RefusesWrongNumbersWithTheLine) {
  EXPECT_EQ(refusal(kHeader + "layers:\n  - [global, window, intra]\n"),
            "head_map.yaml:6: the head map has 1 layers, the model 2");
  EXPECT_EQ(refusal(kHeader + kRows + "  - [intra, intra, global]\n"),
            "head_map.yaml:8: the head map has 3 layers, the model 2");
  EXPECT_EQ(refusal(kHeader + "layers:\n  - [global, window, intra]\n  - [intra, intra]\n"),
            "head_map.yaml:7: layer 1 of the head map has 2 heads, the model 3");
}

TEST(HeadMap, RefusesUnknownWordsWithTheLine) {
  EXPECT_EQ(refusal(kHeader + "layers:\n  - [global, window, intra]\n  - [intra, local, global]\n"),
            "head_map.yaml:7: head kind 'local' is none of global, intra, window");
  EXPECT_EQ(refusal(kHeader + "ro: 1\n" + kRows),
            "head_map.yaml:5: unknown key 'ro'; did you mean 'rho'?");
  EXPECT_EQ(refusal("format: 2\nwindow: [3, 5, 5]\n" + kRows),
            "head_map.yaml:1: this program reads format 1 only");
  EXPECT_NE(refusal("format: 1\nwindow: [3, 4, 5]\n" + kRows).find("head_map.yaml:2: "),
            std::string::npos);
  EXPECT_NE(refusal("format: 1\nwindow: [3, 5]\n" + kRows).find("head_map.yaml:2: "),
            std::string::npos);
  EXPECT_NE(refusal("format: 1\nwindow: [3, 5, 5]\nrho: 1.5\n" + kRows).find(":3: 'rho'"),
            std::string::npos);
  EXPECT_NE(refusal("window: [3, 5, 5]\n" + kRows).find("'format' is missing"), std::string::npos);
  EXPECT_NE(refusal("format: 1\nwindow: [3, 5, 5]\n").find("'layers' is missing"),
            std::string::npos);
}

TEST(HeadMap, ReadsWhatItWrites) {
  HeadMap map = all_global(2, 3);
  map.layers[1] = {HeadKind::intra, HeadKind::window, HeadKind::global};
  map.window = {1, 7, 3};
  map.rho = 0.55;
  map.score = "reverse";
  map.videos = 7;
  map.videos_hash = "sha256:12e4";
  map.model = "sha256:00ff";
  map.note = "a \"pattern\": not \\ measured # here";
  const auto path = std::filesystem::path(::testing::TempDir()) / "oasis_head_map_test.yaml";
  write_head_map(path, map);
  const auto read = read_head_map(path, 2, 3);
  std::filesystem::remove(path);
  EXPECT_EQ(read.layers, map.layers);
  EXPECT_EQ(head_map_text(read), head_map_text(map));
  EXPECT_EQ(read.note, map.note);
  EXPECT_EQ(read.videos_hash, map.videos_hash);
}

TEST(HeadMap, CountsKinds) {
  HeadMap map = all_global(3, 2);
  map.layers[1][0] = HeadKind::intra;
  map.layers[2] = {HeadKind::window, HeadKind::window};
  const auto counts = count_kinds(map);
  EXPECT_EQ(counts.global, 3);
  EXPECT_EQ(counts.intra, 1);
  EXPECT_EQ(counts.window, 2);
  EXPECT_EQ(counts.total(), 6);
}

}  // namespace
}  // namespace oasis::nn
