#include "oasis/train/event_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>

#include "oasis/core/error.h"

namespace oasis::train {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

template <typename T>
std::string little_endian(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>((value & 0x7F) | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::string key(int field, int wire_type) {
  return varint(static_cast<std::uint64_t>(field << 3 | wire_type));
}

std::string length_delimited(int field, const std::string& payload) {
  return key(field, 2) + varint(payload.size()) + payload;
}

std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U; }

}  // namespace

std::uint32_t crc32c(const std::string& bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82F63B78U : 0);
      entries[i] = value;
    }
    return entries;
  }();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ table[(crc ^ static_cast<std::uint8_t>(byte)) & 0xFFU];
  }
  return ~crc;
}

EventFile::EventFile(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const auto path = folder / fmt::format("events.out.tfevents.{}.oasis.{}",
                                         static_cast<std::int64_t>(now()), ::getpid());
  stream_.open(path, std::ios::binary);
  if (!stream_) throw Error(ExitCode::failed, fmt::format("{}: cannot be written", path.string()));
  record(key(1, 1) + little_endian(now()) + length_delimited(3, "brain.Event:2"));
}

void EventFile::scalar(const std::string& tag, std::int64_t step, double value) {
  const std::string entry =
      length_delimited(1, tag) + key(2, 5) + little_endian(static_cast<float>(value));
  record(key(1, 1) + little_endian(now()) + key(2, 0) + varint(static_cast<std::uint64_t>(step)) +
         length_delimited(5, length_delimited(1, entry)));
}

void EventFile::record(const std::string& payload) {
  const std::string length = little_endian(static_cast<std::uint64_t>(payload.size()));
  stream_ << length << little_endian(masked(crc32c(length))) << payload
          << little_endian(masked(crc32c(payload)));
}

}  // namespace oasis::train
