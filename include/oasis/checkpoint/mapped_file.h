#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace oasis::checkpoint {

/// A regular file mapped into memory, copy-on-write: writing into it is harmless and stays in this
/// process. The mapping ends with the last owner. Files must not be shortened while mapped.
class MappedFile {
 public:
  /// `oasis::Error` (unreadable_input) if there is no such readable regular file.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  /// Writable on purpose: tensors have no read-only form, and the pages are private.
  std::byte* data() const { return data_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

  /// Gives back the memory of the whole pages among `count` bytes from `offset`: they no longer
  /// count for this process and come from the file again when they are next read. What was written
  /// into them is lost.
  void release(std::uint64_t offset, std::uint64_t count) const;

 private:
  MappedFile(std::filesystem::path path, std::byte* data, std::size_t size)
      : path_(std::move(path)), data_(data), size_(size) {}

  std::filesystem::path path_;
  std::byte* data_;
  std::size_t size_;
};

}  // namespace oasis::checkpoint
