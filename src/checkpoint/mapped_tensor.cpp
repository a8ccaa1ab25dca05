#include "oasis/checkpoint/mapped_tensor.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "oasis/core/error.h"

namespace oasis::checkpoint {
namespace {

void check_bools(const MappedFile& file, const std::byte* bytes, std::int64_t count,
                 const std::string& what) {
  const bool valid =
      std::all_of(bytes, bytes + count, [](std::byte b) { return b <= std::byte{1}; });
  if (valid) return;
  throw Error(ExitCode::unreadable_input,
              fmt::format("{}: {}: a bool is neither 0 nor 1; the file is damaged",
                          file.path().string(), what));
}

/// What keeps a mapped tensor's bytes alive, and where they lie in the file.
struct Mapping {
  std::shared_ptr<const MappedFile> file;
  std::uint64_t offset;
};

void delete_mapping(void* mapping) { delete static_cast<Mapping*>(mapping); }

}  // namespace

at::Tensor mapped_tensor(const std::shared_ptr<const MappedFile>& file, std::uint64_t offset,
                         at::IntArrayRef shape, at::ScalarType dtype, const std::string& what) {
  const auto options = at::TensorOptions().dtype(dtype);
  const std::int64_t count = c10::multiply_integers(shape);
  if (count == 0) return at::empty(shape, options);
  std::byte* bytes = file->data() + offset;
  if (dtype == at::kBool) check_bools(*file, bytes, count, what);

  const std::size_t item = c10::elementSize(dtype);
  // Complex numbers need the alignment of their parts only; asking for the whole item is harmless.
  if (reinterpret_cast<std::uintptr_t>(bytes) % item == 0) {
    return at::for_blob(bytes, shape)
        .context(new Mapping{file, offset}, delete_mapping)
        .options(options)
        .make_tensor();
  }
  at::Tensor copy = at::empty(shape, options);
  std::memcpy(copy.mutable_data_ptr(), bytes, static_cast<std::size_t>(count) * item);
  return copy;
}

void release_mapped_pages(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage()) return;
  const c10::Storage& storage = tensor.storage();
  const auto* mapping = storage.data_ptr().cast_context<Mapping>(delete_mapping);
  if (mapping != nullptr) mapping->file->release(mapping->offset, storage.nbytes());
}

}  // namespace oasis::checkpoint
