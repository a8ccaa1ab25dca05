#include "oasis/checkpoint/zip_directory.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "oasis/checkpoint/strict_json.h"
#include "oasis/core/error.h"

// Layout: APPNOTE.TXT of PKWARE, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14
// to 4.3.16 (end records) and 4.5.3 (zip64 field).

namespace oasis::checkpoint {
namespace {

constexpr std::uint32_t local_signature = 0x04034b50;
constexpr std::uint32_t entry_signature = 0x02014b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50;
constexpr std::uint32_t locator64_signature = 0x07064b50;
constexpr std::uint64_t local_bytes = 30;
constexpr std::uint64_t entry_bytes = 46;
constexpr std::uint64_t end_bytes = 22;
constexpr std::uint64_t end64_bytes = 56;
constexpr std::uint64_t locator64_bytes = 20;
constexpr std::uint64_t max_comment = 65535;
constexpr std::uint32_t saturated32 = 0xFFFFFFFF;

Error bad_zip(const MappedFile& file, const std::string& why) {
  return Error(ExitCode::unreadable_input,
               fmt::format("{}: damaged zip file: {}", file.path().string(), why));
}

// A little-endian number; refuses to read outside the file.
template <typename T>
T number(const MappedFile& file, std::uint64_t offset) {
  if (offset > file.size() || sizeof(T) > file.size() - offset) {
    throw bad_zip(file, "a structure lies outside the file");
  }
  T value;
  std::memcpy(&value, file.data() + offset, sizeof(T));
  return value;
}

struct DirectoryPlace {
  std::uint64_t offset;
  std::uint64_t size;
  std::uint64_t count;
};

// The end record is the last thing in the file, but for a comment of the length that it declares.
std::uint64_t find_end_record(const MappedFile& file) {
  if (file.size() >= end_bytes) {
    const std::uint64_t last = file.size() - end_bytes;
    for (std::uint64_t back = 0; back <= std::min(last, max_comment); ++back) {
      const std::uint64_t at = last - back;
      if (number<std::uint32_t>(file, at) == end_signature &&
          number<std::uint16_t>(file, at + 20) == back) {
        return at;
      }
    }
  }
  throw bad_zip(file, "it has no end record; the file is cut off");
}

DirectoryPlace find_directory(const MappedFile& file) {
  const std::uint64_t end = find_end_record(file);
  DirectoryPlace place{number<std::uint32_t>(file, end + 16), number<std::uint32_t>(file, end + 12),
                       number<std::uint16_t>(file, end + 10)};
  std::uint64_t limit = end;
  if (end >= locator64_bytes &&
      number<std::uint32_t>(file, end - locator64_bytes) == locator64_signature) {
    const auto end64 = number<std::uint64_t>(file, end - locator64_bytes + 8);
    if (end64 > file.size() || file.size() - end64 < end64_bytes ||
        number<std::uint32_t>(file, end64) != end64_signature) {
      throw bad_zip(file, "its zip64 end record is not where it should be");
    }
    place = {number<std::uint64_t>(file, end64 + 48), number<std::uint64_t>(file, end64 + 40),
             number<std::uint64_t>(file, end64 + 32)};
    limit = end64;
  }
  if (place.offset > limit || place.size > limit - place.offset ||
      place.count > place.size / entry_bytes) {
    throw bad_zip(file, "its directory lies outside the file");
  }
  return place;
}

// Replaces saturated 32-bit fields by those of the zip64 extra field, which holds only these.
void read_zip64_field(const MappedFile& file, std::uint64_t extra, std::uint64_t extra_bytes,
                      const std::vector<std::uint64_t*>& fields) {
  const std::uint64_t extra_end = extra + extra_bytes;
  while (extra_end - extra >= 4) {
    const auto id = number<std::uint16_t>(file, extra);
    const auto length = number<std::uint16_t>(file, extra + 2);
    extra += 4;
    if (length > extra_end - extra) throw bad_zip(file, "an extra field is cut off");
    if (id == 1) {
      std::uint64_t at = extra;
      for (std::uint64_t* field : fields) {
        if (*field != saturated32) continue;
        if (extra + length - at < 8) throw bad_zip(file, "a zip64 field is cut off");
        *field = number<std::uint64_t>(file, at);
        at += 8;
      }
      return;
    }
    extra += length;
  }
}

// CRC-32 of a member. The pages of large ones are given back as they are read: a checkpoint may be
// larger than the memory, and nobody has a tensor of a member that is yet to be verified.
std::uint32_t checksum(const MappedFile& file, std::uint64_t offset, std::uint64_t count) {
  constexpr std::uint64_t step = std::uint64_t{16} << 20;
  uLong crc = 0;
  for (std::uint64_t done = 0; done < count; done += step) {
    const std::uint64_t part = std::min(step, count - done);
    crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(file.data() + offset + done), part);
    file.release(offset + done, part);
  }
  return static_cast<std::uint32_t>(crc);
}

}  // namespace

bool ZipDirectory::looks_like_zip(const MappedFile& file) {
  return file.text().substr(0, 4) == "PK\x03\x04";
}

ZipDirectory::ZipDirectory(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {
  const DirectoryPlace place = find_directory(*file_);
  const std::uint64_t directory_end = place.offset + place.size;
  std::uint64_t at = place.offset;
  std::uint64_t left = file_->size();
  for (std::uint64_t i = 0; i < place.count; ++i) {
    if (directory_end - at < entry_bytes || number<std::uint32_t>(*file_, at) != entry_signature) {
      throw bad_zip(*file_, "its directory is broken");
    }
    Entry entry{number<std::uint16_t>(*file_, at + 8),  number<std::uint16_t>(*file_, at + 10),
                number<std::uint32_t>(*file_, at + 16), number<std::uint32_t>(*file_, at + 20),
                number<std::uint32_t>(*file_, at + 24), number<std::uint32_t>(*file_, at + 42)};
    const std::uint64_t name_bytes = number<std::uint16_t>(*file_, at + 28);
    const std::uint64_t extra_bytes = number<std::uint16_t>(*file_, at + 30);
    const std::uint64_t comment_bytes = number<std::uint16_t>(*file_, at + 32);
    if (name_bytes + extra_bytes + comment_bytes > directory_end - at - entry_bytes) {
      throw bad_zip(*file_, "its directory is cut off");
    }
    read_zip64_field(*file_, at + entry_bytes + name_bytes, extra_bytes,
                     {&entry.size, &entry.packed_size, &entry.header_offset});
    // Members that share bytes would let a small file ask for endless work.
    if (entry.packed_size > left) throw bad_zip(*file_, "its members are larger than the file");
    left -= entry.packed_size;
    const std::string name(file_->text().substr(at + entry_bytes, name_bytes));
    if (!entries_.emplace(name, entry).second) {
      throw bad_zip(*file_, fmt::format("{} is in it twice", quoted_name(name)));
    }
    at += entry_bytes + name_bytes + extra_bytes + comment_bytes;
  }
}

std::string ZipDirectory::folder_of(const std::string& name) const {
  std::string folder;
  for (const auto& item : entries_) {
    const std::string& path = item.first;
    const std::size_t slash = path.find('/');
    if (slash == std::string::npos || path.compare(slash + 1, std::string::npos, name) != 0) {
      continue;
    }
    if (!folder.empty()) throw bad_zip(*file_, fmt::format("it has two members {}", name));
    folder = path.substr(0, slash + 1);
  }
  if (folder.empty()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: not a PyTorch checkpoint: the zip file has no {}",
                            file_->path().string(), name));
  }
  return folder;
}

ZipRecord ZipDirectory::record(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    throw bad_zip(*file_, fmt::format("the member {} is missing", quoted_name(name)));
  }
  const Entry& entry = found->second;
  const std::string label = fmt::format("the member {}", quoted_name(name));
  if ((entry.flags & 1U) != 0) throw bad_zip(*file_, label + " is encrypted");
  if (entry.method != 0 || entry.packed_size != entry.size) {
    throw bad_zip(*file_, label + " is compressed, which PyTorch never does");
  }
  if (entry.header_offset > file_->size() || file_->size() - entry.header_offset < local_bytes ||
      number<std::uint32_t>(*file_, entry.header_offset) != local_signature) {
    throw bad_zip(*file_, label + " is not where the directory says");
  }
  // Only the lengths of name and padding are to be taken from the local header.
  const std::uint64_t offset = entry.header_offset + local_bytes +
                               number<std::uint16_t>(*file_, entry.header_offset + 26) +
                               number<std::uint16_t>(*file_, entry.header_offset + 28);
  if (offset > file_->size() || entry.size > file_->size() - offset) {
    throw bad_zip(*file_, label + " ends after the file");
  }
  if (entry.crc != 0 && checksum(*file_, offset, entry.size) != entry.crc) {
    throw bad_zip(*file_, label + " does not match its checksum");
  }
  return {offset, entry.size};
}

}  // namespace oasis::checkpoint
