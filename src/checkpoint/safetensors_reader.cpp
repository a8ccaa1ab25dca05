#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "oasis/checkpoint/mapped_tensor.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/checkpoint/strict_json.h"
#include "oasis/core/error.h"
#include "safetensors_dtype.h"

namespace oasis::checkpoint {
namespace {

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t max_header_bytes = 100'000'000;
constexpr std::uint64_t max_int64 = std::numeric_limits<std::int64_t>::max();

Error bad_file(const std::filesystem::path& path, const std::string& why) {
  return Error(ExitCode::unreadable_input,
               fmt::format("{}: not a valid safetensors file: {}", path.string(), why));
}

std::uint64_t header_length(const MappedFile& file) {
  if (file.size() < length_bytes) throw bad_file(file.path(), "shorter than 8 bytes");
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), length_bytes);
  if (length == 0) throw bad_file(file.path(), "the header is empty");
  if (length > max_header_bytes) {
    throw bad_file(file.path(), fmt::format("a header of {} bytes is too long", length));
  }
  if (length > file.size() - length_bytes) {
    throw bad_file(file.path(), fmt::format("the header of {} bytes is cut off", length));
  }
  return length;
}

SafetensorsMetadata read_metadata(const nlohmann::json& object, const std::string& where) {
  const Error not_strings(ExitCode::unreadable_input,
                          where + ": __metadata__ does not map strings to strings");
  if (!object.is_object()) throw not_strings;
  SafetensorsMetadata metadata;
  for (const auto& [key, value] : object.items()) {
    if (!value.is_string()) throw not_strings;
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

// An array of integers from 0 to 2^63 - 1, written without fraction, exponent or sign.
std::vector<std::int64_t> read_extents(const nlohmann::json& entry, const char* field,
                                       const std::string& where) {
  const auto found = entry.find(field);
  if (found == entry.end() || !found->is_array()) {
    throw Error(ExitCode::unreadable_input, fmt::format("{} has no array '{}'", where, field));
  }
  std::vector<std::int64_t> values;
  for (const nlohmann::json& item : *found) {
    if (!item.is_number_unsigned() || item.get<std::uint64_t>() > max_int64) {
      throw Error(
          ExitCode::unreadable_input,
          fmt::format("{}: '{}' holds something other than non-negative integers", where, field));
    }
    values.push_back(item.get<std::int64_t>());
  }
  return values;
}

// Refuses every shape whose size cannot be computed in 63 bits, also where an extent of 0 hides it.
std::uint64_t byte_count(const SafetensorsEntry& entry, const std::string& where) {
  std::int64_t extent = static_cast<std::int64_t>(c10::elementSize(entry.dtype));
  bool empty = false;
  for (const std::int64_t size : entry.shape) {
    empty = empty || size == 0;
    if (__builtin_mul_overflow(extent, std::max<std::int64_t>(size, 1), &extent)) {
      throw Error(ExitCode::unreadable_input, where + ": the shape's size overflows");
    }
  }
  return empty ? 0 : static_cast<std::uint64_t>(extent);
}

SafetensorsEntry read_entry(const std::string& name, const nlohmann::json& object,
                            const std::string& file_where) {
  const std::string where = fmt::format("{}: tensor {}", file_where, quoted_name(name));
  if (!object.is_object()) throw Error(ExitCode::unreadable_input, where + " is no object");
  const auto dtype = object.find("dtype");
  if (dtype == object.end() || !dtype->is_string()) {
    throw Error(ExitCode::unreadable_input, where + " has no dtype");
  }
  const auto scalar_type = find_safetensors_dtype(dtype->get_ref<const std::string&>());
  if (!scalar_type) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{} has the dtype {}, which is not supported", where,
                            quoted_name(dtype->get_ref<const std::string&>())));
  }
  const std::vector<std::int64_t> offsets = read_extents(object, "data_offsets", where);
  if (offsets.size() != 2) {
    throw Error(ExitCode::unreadable_input, where + ": 'data_offsets' are not two numbers");
  }
  SafetensorsEntry entry{name, *scalar_type, read_extents(object, "shape", where),
                         static_cast<std::uint64_t>(offsets[0]),
                         static_cast<std::uint64_t>(offsets[1])};
  if (entry.end < entry.begin) {
    throw Error(ExitCode::unreadable_input, where + " ends before it begins");
  }
  const std::uint64_t expected = byte_count(entry, where);
  if (entry.end - entry.begin != expected) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: its shape needs {} bytes, the header gives it {}", where, expected,
                            entry.end - entry.begin));
  }
  return entry;
}

// The tensors must cover the data without hole, overlap or rest.
void check_coverage(const std::vector<SafetensorsEntry>& entries, std::uint64_t data_bytes,
                    const std::filesystem::path& path) {
  std::uint64_t position = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != position) {
      throw bad_file(path, fmt::format("tensor {} begins at byte {} of the data instead of {}",
                                       quoted_name(entry.name), entry.begin, position));
    }
    position = entry.end;
  }
  if (position > data_bytes) {
    throw bad_file(path,
                   fmt::format("cut off: {} bytes of data, {} expected", data_bytes, position));
  }
  if (position < data_bytes) {
    throw bad_file(path, fmt::format("{} bytes belong to no tensor", data_bytes - position));
  }
}

}  // namespace

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  SafetensorsFile result;
  result.file_ = MappedFile::open(path);
  const MappedFile& file = *result.file_;
  const std::uint64_t length = header_length(file);
  result.data_begin_ = length_bytes + length;

  const std::string where = path.string() + ": safetensors header";
  const nlohmann::json header = parse_strict_json(file.text().substr(length_bytes, length), where);
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      result.metadata_ = read_metadata(value, where);
    } else {
      result.entries_.push_back(read_entry(name, value, where));
    }
  }
  std::sort(result.entries_.begin(), result.entries_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  check_coverage(result.entries_, file.size() - result.data_begin_, path);
  for (std::size_t i = 0; i < result.entries_.size(); ++i) {
    result.by_name_.emplace(result.entries_[i].name, i);
  }
  return result;
}

at::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: no tensor {}", file_->path().string(), quoted_name(name)));
  }
  const SafetensorsEntry& entry = entries_[found->second];
  return mapped_tensor(file_, data_begin_ + entry.begin, entry.shape, entry.dtype,
                       fmt::format("tensor {}", quoted_name(name)));
}

StateDict SafetensorsFile::tensors() const {
  StateDict result;
  for (const SafetensorsEntry& entry : entries_) result.emplace(entry.name, tensor(entry.name));
  return result;
}

}  // namespace oasis::checkpoint
