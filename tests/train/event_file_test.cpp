#include "oasis/train/event_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>

namespace oasis::train {
namespace {

TEST(EventFile, ChecksumsAreCastagnolis) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);            // the check value of CRC-32C
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720, appendix B.4
}

TEST(EventFile, RecordsCanBeReadBack) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("oasis_events_" + std::to_string(::getpid()));
  {
    EventFile events(folder);
    events.scalar("loss", 300, 0.25);
  }
  const auto path = std::filesystem::directory_iterator(folder)->path();
  std::ifstream stream(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  std::vector<std::string> records;
  for (std::size_t place = 0; place < bytes.size();) {
    std::uint64_t length = 0;
    ASSERT_LE(place + 12, bytes.size());
    std::memcpy(&length, bytes.data() + place, 8);
    ASSERT_LE(place + 16 + length, bytes.size());
    records.push_back(bytes.substr(place + 12, length));
    place += 16 + length;
  }
  ASSERT_EQ(records.size(), 2U);
  EXPECT_NE(records[0].find("brain.Event:2"), std::string::npos);
  // step: field 2, varint 300; tag: field 1; value: field 2, 0.25 as float32.
  EXPECT_NE(records[1].find(std::string("\x10\xAC\x02", 3)), std::string::npos);
  EXPECT_NE(records[1].find(std::string("\x0A\x04loss\x15\x00\x00\x80\x3E", 11)),
            std::string::npos);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace oasis::train
