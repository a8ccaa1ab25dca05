#include "oasis/infer/journal.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <functional>
#include <string>

#include "oasis/core/error.h"
#include "oasis/infer/thread_shares.h"

namespace oasis::infer {
namespace {

namespace fs = std::filesystem;

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "oasis-journal-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    folder_ = Journal::folder_of(root_ / "out.mp4");
  }
  void TearDown() override { fs::remove_all(root_); }

  static std::string message_of(const std::function<void()>& work, ExitCode code) {
    try {
      work();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return {};
  }

  fs::path root_, folder_;
};

TEST_F(JournalTest, LiesBesideTheOutput) {
  EXPECT_EQ(Journal::folder_of("a/b.mp4"), fs::path("a/b.mp4.part.d"));
  EXPECT_EQ(Journal::folder_of("a/frames/"), fs::path("a/frames.part.d"));
}

TEST_F(JournalTest, GoesOnWithTheSameWork) {
  {
    const Journal first(folder_, {{"model", "a"}, {"chunk", "33"}}, {{"budget", "100"}});
    EXPECT_FALSE(first.continues());
    EXPECT_EQ(first.settled("budget"), "100");
  }
  std::ofstream(folder_ / "000001.packets") << "x";
  Journal second(folder_, {{"model", "a"}, {"chunk", "33"}}, {{"budget", "50"}});
  EXPECT_TRUE(second.continues());
  EXPECT_EQ(second.settled("budget"), "100");
  EXPECT_EQ(second.settled("nothing"), "");
  EXPECT_TRUE(fs::exists(folder_ / "000001.packets"));
  second.remove();
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(JournalTest, NamesWhatDiffers) {
  { const Journal first(folder_, {{"model", "a"}, {"chunk", "33"}}, {}); }
  const auto open = [&] { const Journal other(folder_, {{"model", "a"}, {"chunk", "17"}}, {}); };
  const std::string message = message_of(open, ExitCode::usage);
  EXPECT_NE(message.find("chunk (33, now 17)"), std::string::npos) << message;
  EXPECT_TRUE(fs::exists(folder_ / "journal.json"));
}

TEST_F(JournalTest, RefusesABrokenOne) {
  fs::create_directories(folder_);
  for (const char* text :
       {"", "{", "[1]", "{\"format\": 2}", "{\"format\":1,\"work\":{\"a\":1}}"}) {
    std::ofstream(folder_ / "journal.json") << text;
    message_of([&] { const Journal journal(folder_, {{"a", "1"}}, {}); }, ExitCode::failed);
  }
}

TEST_F(JournalTest, LeavesForeignFoldersAlone) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "000001.packets") << "left without a journal";
  { const Journal journal(folder_, {}, {}); }
  EXPECT_FALSE(fs::exists(folder_ / "000001.packets"));
  fs::remove(folder_ / "journal.json");
  std::ofstream(folder_ / "letters.txt") << "mine";
  message_of([&] { const Journal journal(folder_, {}, {}); }, ExitCode::usage);
  EXPECT_TRUE(fs::exists(folder_ / "letters.txt"));
}

TEST_F(JournalTest, SeesThatAnInputChanges) {
  fs::create_directories(root_ / "in");
  std::ofstream(root_ / "in/1.png") << "one";
  const std::string file = file_state(root_ / "in/1.png");
  const std::string folder = file_state(root_ / "in");
  EXPECT_EQ(folder, file_state(root_ / "in"));
  std::ofstream(root_ / "in/1.png") << "other";
  EXPECT_NE(file, file_state(root_ / "in/1.png"));
  EXPECT_NE(folder, file_state(root_ / "in"));
}

TEST(ThreadShares, GiveTheNetworkAll) {
  const auto shares = share_threads(8, true);
  EXPECT_EQ(shares.model, 8);
  EXPECT_EQ(shares.reader, 2);
  EXPECT_EQ(shares.writer, 2);
  EXPECT_EQ(share_threads(1, true).writer, 1);
  EXPECT_EQ(share_threads(3, false).model, 2);
  EXPECT_GE(share_threads(0, false).reader, 1);
}

}  // namespace
}  // namespace oasis::infer
