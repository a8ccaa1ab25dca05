#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "oasis/checkpoint/mapped_file.h"
#include "oasis/checkpoint/state_dict.h"

namespace oasis::checkpoint {

/// The header's `__metadata__`.
using SafetensorsMetadata = std::map<std::string, std::string>;

/// One tensor of a safetensors file.
struct SafetensorsEntry {
  std::string name;
  at::ScalarType dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin;  ///< first byte, counted from the start of the data
  std::uint64_t end;    ///< one past the last byte
};

/// A safetensors file (https://github.com/huggingface/safetensors), mapped into memory and checked
/// as strictly as the official reader does, and against names that occur twice.
class SafetensorsFile {
 public:
  /// In the order of their data.
  const std::vector<SafetensorsEntry>& entries() const { return entries_; }
  const SafetensorsMetadata& metadata() const { return metadata_; }
  bool has(const std::string& name) const { return by_name_.count(name) != 0; }
  /// A CPU tensor that shares the file's mapping and keeps it alive; writing into it changes
  /// neither the file nor other processes. `oasis::Error` if the file has no such tensor.
  at::Tensor tensor(const std::string& name) const;
  StateDict tensors() const;

 private:
  friend SafetensorsFile read_safetensors(const std::filesystem::path& path);

  std::shared_ptr<const MappedFile> file_;
  std::uint64_t data_begin_ = 0;
  std::vector<SafetensorsEntry> entries_;
  std::map<std::string, std::size_t> by_name_;
  SafetensorsMetadata metadata_;
};

/// Opens one file. `oasis::Error` (unreadable_input) names the file and the defect.
SafetensorsFile read_safetensors(const std::filesystem::path& path);

/// All tensors of a model in one of its forms: a file; an index (`*.safetensors.index.json`) with
/// its shards; a folder that holds one index or else one safetensors file.
StateDict load_safetensors(const std::filesystem::path& path);

/// How tensors are written; they are taken one by one, so no second copy of a model is made.
struct WriteOptions {
  /// Floating-point tensors are cast to it; none: every tensor as it is.
  std::optional<at::ScalarType> dtype;
  SourcePages pages = SourcePages::keep;  ///< of mapped tensors, after each is written
};

/// Writes CPU copies of `tensors` to `path`: first into `path` + ".part" in the same folder, then
/// flushed to disk and renamed, so that a reader never meets half a file and mapped tensors of the
/// old file stay intact. Without metadata there is no `__metadata__`; Python loaders look for
/// "format": "pt". `oasis::Error` if the file cannot be written, a dtype has no safetensors name or
/// a finite value is beyond the range of the dtype asked for.
void write_safetensors(const std::filesystem::path& path, const StateDict& tensors,
                       const SafetensorsMetadata& metadata = {{"format", "pt"}},
                       const WriteOptions& options = {});

/// The safetensors name of a dtype ("F32", "BF16", ...), empty if there is none.
std::string safetensors_dtype_name(at::ScalarType dtype);

}  // namespace oasis::checkpoint
