#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace oasis::train {

/// Scalars for TensorBoard: an event file of length-prefixed records with masked CRC-32C
/// (TensorFlow's record format), each a protocol buffer `Event { double wall_time = 1; int64 step =
/// 2; Summary summary = 5; }`. A resumed run opens a file of its own beside the earlier ones.
class EventFile {
 public:
  /// Throws `oasis::Error` if the folder cannot be written.
  explicit EventFile(const std::filesystem::path& folder);
  void scalar(const std::string& tag, std::int64_t step, double value);
  void flush() { stream_.flush(); }

 private:
  void record(const std::string& payload);
  std::ofstream stream_;
};

/// CRC-32C (Castagnoli) of some bytes.
std::uint32_t crc32c(const std::string& bytes);

}  // namespace oasis::train
