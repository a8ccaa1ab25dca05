// The mask and address formulas of the tensor-core window kernels against the definition of the
// window, for every lane of every tile.
#include "kernels/window_tile.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace oasis::kernels::window_tile {
namespace {

using Block = BlockShape<2, 2>;

bool near(int a, int b) { return std::abs(a - b) <= kReach; }

/// Visits (row, col, halo row, halo col, kept) of every product a lane of the tile at (row0, col0)
/// forms in one frame.
template <class F>
void for_each_product(int row0, int col0, int rows, int cols, F f) {
  for (int lane = 0; lane < 32; ++lane) {
    for (int upper = 0; upper < 2; ++upper) {
      const int slot = lane_slot(lane, upper);
      const unsigned row_bits = attended_bits(slot_row(slot), row0, rows);
      const unsigned col_bits = attended_bits(slot_col(slot), col0, cols);
      for (int i = 0; i < kHalo; ++i) {
        for (int e = 0; e < 2; ++e) {
          const int j = lane_halo_col(lane, e);
          f(row0 + slot_row(slot), col0 + slot_col(slot), halo_position(row0, i),
            halo_position(col0, j), ((row_bits >> i) & (col_bits >> j) & 1U) != 0);
        }
      }
    }
  }
}

TEST(WindowTile, MaskKeepsExactlyTheWindow) {
  for (const auto& [rows, cols] : {std::pair{1, 1}, {3, 5}, {4, 4}, {7, 9}, {9, 13}}) {
    std::set<std::pair<int, int>> kept;  // (token, neighbour)
    for (int row0 = 0; row0 < rows; row0 += kTile) {
      for (int col0 = 0; col0 < cols; col0 += kTile) {
        for_each_product(row0, col0, rows, cols,
                         [&, r = rows, c = cols](int row, int col, int i, int j, bool keep) {
                           const bool inside = i >= 0 && i < r && j >= 0 && j < c;
                           ASSERT_EQ(keep, inside && near(row, i) && near(col, j))
                               << row << ' ' << col << " sees " << i << ' ' << j;
                           if (keep && row < r && col < c) {
                             ASSERT_TRUE(kept.insert({row * c + col, i * c + j}).second)
                                 << "a pair counted twice";
                           }
                         });
      }
    }
    std::size_t expected = 0;
    for (int a = 0; a < rows * cols; ++a) {
      for (int b = 0; b < rows * cols; ++b) {
        const bool pair = near(a / cols, b / cols) && near(a % cols, b % cols);
        expected += pair;
        EXPECT_EQ(pair, kept.count({b, a}) == 1) << "windows are symmetric";
      }
    }
    EXPECT_EQ(kept.size(), expected);
  }
}

TEST(WindowTile, SlotsAndColumnsOfTheLanesCoverTheFragment) {
  std::set<std::pair<int, int>> positions;
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(slot_col(lane_slot(lane, 0)), slot_col(lane_slot(lane, 1)));
    for (int upper = 0; upper < 2; ++upper) {
      for (int e = 0; e < 2; ++e)
        positions.insert({lane_slot(lane, upper), lane_halo_col(lane, e)});
    }
  }
  EXPECT_EQ(positions.size(), 16U * 8U);
}

TEST(WindowTile, WarpsOfABlockShareItsHalo) {
  for (int warp = 0; warp < Block::kWarps; ++warp) {
    const int row = Block::warp_row(warp), col = Block::warp_col(warp);
    for (int i = 0; i < kHalo; ++i) {
      for (int j = 0; j < kHalo; ++j) {
        const int token = Block::halo_token(row, col, i, j);
        ASSERT_LT(token, Block::kHaloTokens);
        EXPECT_EQ(halo_position(0, token / Block::kHaloCols), halo_position(row, i));
        EXPECT_EQ(halo_position(0, token % Block::kHaloCols), halo_position(col, j));
      }
    }
  }
}

template <int kDim>
void expect_free_of_conflicts() {
  std::set<int> offsets;
  for (int token = 0; token < Block::kHaloTokens; ++token) {
    for (int chunk = 0; chunk < kDim / kChunk; ++chunk) {
      offsets.insert(swizzled_offset<kDim>(token, chunk));
    }
  }
  EXPECT_EQ(offsets.size(), static_cast<std::size_t>(Block::kHaloTokens * kDim / kChunk));
  EXPECT_EQ(*offsets.rbegin(), Block::kHaloTokens * kDim - kChunk);
  for (int first = 0; first + 8 <= Block::kHaloTokens; ++first) {
    for (int chunk = 0; chunk < kDim / kChunk; ++chunk) {
      std::set<int> banks;
      for (int token = first; token < first + 8; ++token) {
        banks.insert(swizzled_offset<kDim>(token, chunk) / kChunk % 8);
      }
      ASSERT_EQ(banks.size(), 8U) << "tokens from " << first << ", chunk " << chunk;
    }
  }
}

TEST(WindowTile, EightNeighbouringTokensUseDifferentBanks) {
  expect_free_of_conflicts<64>();
  expect_free_of_conflicts<128>();
}

}  // namespace
}  // namespace oasis::kernels::window_tile
