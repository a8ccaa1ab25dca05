#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "oasis/checkpoint/mapped_file.h"
#include "oasis/checkpoint/pickle_machine.h"
#include "oasis/checkpoint/zip_directory.h"

namespace oasis::checkpoint {

/// A persistent id of torch.save: ("storage", type, key, location, element count [, view]).
struct StorageId {
  std::string key;
  std::optional<c10::ScalarType> dtype;  ///< nothing: an untyped storage, which counts bytes
  std::uint64_t count = 0;               ///< elements of the whole storage
  std::uint64_t view_begin = 0;          ///< old legacy files: the part that is meant
  std::uint64_t view_count = 0;

  std::uint64_t item_bytes() const { return dtype ? c10::elementSize(*dtype) : 1; }
};

/// Reads the persistent value `index`; `oasis::Error` that begins with `where` if it is no storage.
StorageId read_storage_id(const PickleTree& tree, std::uint32_t index, const std::string& where);

/// The dtype that a global such as `torch.float8_e4m3fn` names.
std::optional<c10::ScalarType> find_torch_dtype(const PickleValue& global);

/// Where the bytes of storages lie in a file.
class StorageBytes {
 public:
  virtual ~StorageBytes() = default;
  /// The place of a storage, which must have exactly the size that `id` says: `oasis::Error`
  /// otherwise. A storage's checksum is computed once, however often it is asked for.
  virtual ZipRecord find(const StorageId& id) = 0;
};

}  // namespace oasis::checkpoint
