#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "oasis/checkpoint/mapped_file.h"

namespace oasis::checkpoint {

/// Where the bytes of a zip member lie in the file.
struct ZipRecord {
  std::uint64_t offset;
  std::uint64_t size;
};

/// The central directory of a zip file (also zip64) whose members are stored, not compressed, as
/// PyTorch writes them. Sizes and checksums come from the directory: local headers may leave them
/// out. Everything is checked against the file's size before it is believed.
class ZipDirectory {
 public:
  /// `oasis::Error` (unreadable_input) names the file and the defect.
  explicit ZipDirectory(std::shared_ptr<const MappedFile> file);

  /// Whether the file begins as a zip file does.
  static bool looks_like_zip(const MappedFile& file);

  bool has(const std::string& name) const { return entries_.count(name) != 0; }
  /// The folder (with a slash) in which the one member `<folder>/<name>` of that name lies; an
  /// error if there is none or more than one.
  std::string folder_of(const std::string& name) const;
  /// Finds a member and verifies its CRC-32 (0 stands for "not computed").
  ZipRecord record(const std::string& name) const;

 private:
  struct Entry {
    std::uint16_t flags;
    std::uint16_t method;
    std::uint32_t crc;
    std::uint64_t packed_size;
    std::uint64_t size;
    std::uint64_t header_offset;
  };

  std::shared_ptr<const MappedFile> file_;
  std::map<std::string, Entry> entries_;
};

}  // namespace oasis::checkpoint
