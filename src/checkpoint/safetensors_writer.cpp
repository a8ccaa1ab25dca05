#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "oasis/checkpoint/mapped_tensor.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/checkpoint/strict_json.h"
#include "oasis/core/error.h"
#include "safetensors_dtype.h"

namespace oasis::checkpoint {
namespace {

namespace fs = std::filesystem;

struct Item {
  std::string name;
  at::Tensor tensor;
  at::ScalarType dtype;  // in the file
  int rank;

  std::uint64_t bytes() const {
    return static_cast<std::uint64_t>(tensor.numel()) * c10::elementSize(dtype);
  }
};

Error cannot_write(const fs::path& path, const std::string& why) {
  return Error(fmt::format("{}: cannot write: {}", path.string(), why));
}

/// A file that is removed again unless it reaches its final name.
class PartFile {
 public:
  explicit PartFile(const fs::path& target) : target_(target), part_(target.string() + ".part") {
    fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd_ < 0) throw cannot_write(part_, std::strerror(errno));
  }
  ~PartFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!done_) ::unlink(part_.c_str());
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  void write(const void* bytes, std::size_t count) {
    auto position = static_cast<const char*>(bytes);
    while (count > 0) {
      const ssize_t written = ::write(fd_, position, std::min<std::size_t>(count, 1U << 30));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw cannot_write(part_, std::strerror(errno));
      position += written;
      count -= static_cast<std::size_t>(written);
    }
  }

  void finish() {
    if (::fsync(fd_) != 0) throw cannot_write(part_, std::strerror(errno));
    const int closed = ::close(fd_);
    fd_ = -1;
    if (closed != 0) throw cannot_write(part_, std::strerror(errno));
    if (::rename(part_.c_str(), target_.c_str()) != 0) {
      throw cannot_write(target_, std::strerror(errno));
    }
    done_ = true;
    flush_folder();
  }

 private:
  // Makes the rename itself durable; a file system that cannot do this is no error.
  void flush_folder() const {
    const fs::path folder = target_.has_parent_path() ? target_.parent_path() : fs::path(".");
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    static_cast<void>(::fsync(fd));
    ::close(fd);
  }

  fs::path target_;
  fs::path part_;
  int fd_ = -1;
  bool done_ = false;
};

std::vector<Item> items_in_data_order(const fs::path& path, const StateDict& tensors,
                                      std::optional<at::ScalarType> dtype) {
  std::vector<Item> items;
  for (const auto& [name, tensor] : tensors) {
    if (name == "__metadata__") throw cannot_write(path, "a tensor may not be called __metadata__");
    if (!tensor.defined() || tensor.layout() != at::kStrided) {
      throw cannot_write(path, fmt::format("{} is no dense tensor", quoted_name(name)));
    }
    const at::ScalarType written =
        tensor.is_floating_point() ? dtype.value_or(tensor.scalar_type()) : tensor.scalar_type();
    const int rank = safetensors_write_rank(written);
    if (rank < 0) {
      throw cannot_write(path, fmt::format("{} has the dtype {}, which safetensors lacks",
                                           quoted_name(name), toString(written)));
    }
    items.push_back({name, tensor, written, rank});
  }
  // The names are in byte order already.
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.rank < b.rank; });
  return items;
}

std::string header_text(const fs::path& path, const std::vector<Item>& items,
                        const SafetensorsMetadata& metadata) {
  try {
    std::string header = "{";
    if (!metadata.empty()) header += "\"__metadata__\":" + nlohmann::json(metadata).dump();
    std::uint64_t position = 0;
    for (const Item& item : items) {
      const std::uint64_t end = position + item.bytes();
      if (header.size() > 1) header += ',';
      header += fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                            nlohmann::json(item.name).dump(), safetensors_dtype_name(item.dtype),
                            fmt::join(item.tensor.sizes(), ","), position, end);
      position = end;
    }
    header += '}';
    header.resize((header.size() + 7) / 8 * 8, ' ');
    return header;
  } catch (const nlohmann::json::exception&) {
    throw cannot_write(path, "a name or the metadata is not valid UTF-8");
  }
}

// The tensor as its bytes lie in the file.
at::Tensor packed(const fs::path& path, const Item& item) {
  const at::Tensor plain = item.tensor.detach().cpu().resolve_conj().resolve_neg().contiguous();
  if (plain.scalar_type() == item.dtype) return plain;
  at::Tensor cast = plain.to(item.dtype);
  // The larger formats hold every value of the smaller ones; float16 is what usually overflows.
  if (item.dtype == at::kHalf && !cast.isfinite().equal(plain.isfinite())) {
    throw cannot_write(path, fmt::format("{} holds values beyond the range of fp16; use bf16",
                                         quoted_name(item.name)));
  }
  return cast;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const StateDict& tensors,
                       const SafetensorsMetadata& metadata, const WriteOptions& options) {
  const c10::InferenceMode no_gradients;
  const std::vector<Item> items = items_in_data_order(path, tensors, options.dtype);
  const std::string header = header_text(path, items, metadata);
  const std::uint64_t length = header.size();
  PartFile file(path);
  file.write(&length, sizeof(length));
  file.write(header.data(), header.size());
  for (const Item& item : items) {
    const at::Tensor bytes = packed(path, item);
    file.write(bytes.const_data_ptr(), bytes.nbytes());
    if (options.pages == SourcePages::release) release_mapped_pages(item.tensor);
  }
  file.finish();
}

}  // namespace oasis::checkpoint
