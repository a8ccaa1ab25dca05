#include "oasis/checkpoint/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "oasis/core/error.h"

namespace oasis::checkpoint {
namespace {

Error cannot_read(const std::filesystem::path& path, const std::string& why) {
  return Error(ExitCode::unreadable_input, fmt::format("{}: cannot read: {}", path.string(), why));
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
  // O_NONBLOCK: a pipe must not make the open wait for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) throw cannot_read(path, std::strerror(errno));
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) throw cannot_read(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) throw cannot_read(path, "not a regular file");
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = nullptr;
  if (size > 0) {
    data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.fd, 0);
    if (data == MAP_FAILED) throw cannot_read(path, std::strerror(errno));
  }
  return std::shared_ptr<const MappedFile>(
      new MappedFile(path, static_cast<std::byte*>(data), size));
}

void MappedFile::release(std::uint64_t offset, std::uint64_t count) const {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t begin = (offset + page - 1) / page * page;
  // The last page may be part of the file only; nothing else lives in it.
  const std::uint64_t end = offset + count == size_ ? size_ : (offset + count) / page * page;
  if (begin >= end) return;
  static_cast<void>(::madvise(data_ + begin, end - begin, MADV_DONTNEED));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace oasis::checkpoint
