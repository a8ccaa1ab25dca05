#include "oasis/routing/replace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "oasis/core/error.h"

namespace oasis::routing {
namespace {

/// An open file; closes itself.
class Descriptor {
 public:
  explicit Descriptor(const std::string& path)
      : number_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool write(const std::string& text) const {
    std::size_t done = 0;
    while (number_ >= 0 && done < text.size()) {
      const auto count = ::write(number_, text.data() + done, text.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      done += static_cast<std::size_t>(count);
    }
    return number_ >= 0 && ::fsync(number_) == 0;
  }

 private:
  int number_;
};

}  // namespace

void replace_file(const std::filesystem::path& path, const std::string& text) {
  const std::string part = path.string() + ".part";
  if (!Descriptor(part).write(text) || std::rename(part.c_str(), path.c_str()) != 0) {
    throw Error(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
  }
}

}  // namespace oasis::routing
