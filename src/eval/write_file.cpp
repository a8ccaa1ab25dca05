#include "eval/write_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, int error) {
  throw Error(fmt::format("{} cannot be written: {}", path.string(), std::strerror(error)));
}

bool write_all(int file, const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::write(file, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return ::fsync(file) == 0;
}

}  // namespace

void write_file(const std::filesystem::path& path, const std::string& bytes) {
  const std::string part = path.string() + ".part";
  const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) fail(path, errno);
  const bool written = write_all(file, bytes);
  const int error = errno;
  const bool closed = ::close(file) == 0;
  if (!written || !closed) {
    ::unlink(part.c_str());
    fail(path, written ? errno : error);
  }
  std::error_code renamed;
  std::filesystem::rename(part, path, renamed);
  if (renamed) {
    ::unlink(part.c_str());
    fail(path, renamed.value());
  }
}

}  // namespace oasis::eval
