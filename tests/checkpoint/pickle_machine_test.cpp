#include "oasis/checkpoint/pickle_machine.h"

#include <gtest/gtest.h>

#include <random>

#include "oasis/core/error.h"

namespace oasis::checkpoint {
namespace {

PickleTree read(const std::string& bytes) {
  std::size_t position = 0;
  return read_pickle(bytes, position, "test");
}

TEST(PickleMachine, IntegersOfEveryWidth) {
  EXPECT_EQ(read("\x80\x02K\xff.").root().integer, 255);
  EXPECT_EQ(read("\x80\x02M\x01\x02.").root().integer, 513);
  EXPECT_EQ(read("\x80\x02J\xfe\xff\xff\xff.").root().integer, -2);
  EXPECT_EQ(read(std::string("\x80\x02\x8a\x00.", 5)).root().integer, 0);
  EXPECT_EQ(read("\x80\x02\x8a\x01\x80.").root().integer, -128);
  EXPECT_EQ(read(std::string("\x80\x02\x8a\x02\x80\x00.", 7)).root().integer, 128);
  EXPECT_EQ(read("\x80\x02\x8a\x09"
                 "123456789.")
                .root()
                .kind,
            PickleKind::big_integer);
}

TEST(PickleMachine, RealsAreBigEndian) {
  EXPECT_EQ(read(std::string("\x80\x02G\xc0\x04\0\0\0\0\0\0.", 12)).root().real, -2.5);
}

TEST(PickleMachine, ACallIsOnlyDescribed) {
  const std::string bytes =
      "\x80\x02"
      "cos\nsystem\n(U\x04true"
      "tR.";
  const PickleTree tree = read(bytes);
  ASSERT_EQ(tree.root().kind, PickleKind::call);
  EXPECT_TRUE(tree.is_global(tree.root().items[0], "os", "system"));
  EXPECT_EQ(tree[tree[tree.root().items[1]].items[0]].text, "true");
}

TEST(PickleMachine, AnOrderedDictionaryOfPython2IsMadeOfPairs) {
  const std::string bytes =
      "\x80\x02"
      "ccollections\nOrderedDict\n]]U\x01"
      "aaK\x07"
      "aa\x85R.";
  const PickleTree tree = read(bytes);
  ASSERT_EQ(tree.root().kind, PickleKind::dictionary);
  ASSERT_EQ(tree.root().items.size(), 2U);
  EXPECT_EQ(tree[tree.root().items[0]].text, "a");
  EXPECT_EQ(tree[tree.root().items[1]].integer, 7);
}

TEST(PickleMachine, ThePositionIsBehindTheStop) {
  std::size_t position = 1;
  read_pickle("xN.rest", position, "test");
  EXPECT_EQ(position, 3U);
}

TEST(PickleMachine, ItemsBelowAMarkAreOutOfReach) {
  EXPECT_THROW(read("\x80\x02K\x01(\x85."), Error);
  EXPECT_THROW(read("\x80\x02]K\x01(s."), Error);
  EXPECT_THROW(read("\x80\x02}(K\x01u."), Error);
  EXPECT_THROW(read("\x80\x02."), Error);
  EXPECT_THROW(read(""), Error);
}

TEST(PickleMachine, DeepNestingCostsNoCallStack) {
  constexpr std::size_t depth = 300'000;
  const std::string bytes =
      "\x80\x02" + std::string(depth, ']') + std::string(depth - 1, 'a') + ".";
  const PickleTree tree = read(bytes);
  EXPECT_EQ(tree.size(), depth);
  EXPECT_EQ(tree.root().items.size(), 1U);
}

TEST(PickleMachine, RandomBytesNeverCrash) {
  const std::string opcodes =
      "}]()tasueldqhjrRbQNKMXUc.012\x80\x85\x86\x87\x88\x89\x8c\x94\x93\x81";
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = "\x80\x02";
    for (int i = 0; i < 40; ++i) {
      bytes += random() % 4 == 0 ? static_cast<char>(random()) : opcodes[random() % opcodes.size()];
    }
    try {
      read(bytes);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 4000);
}

}  // namespace
}  // namespace oasis::checkpoint
