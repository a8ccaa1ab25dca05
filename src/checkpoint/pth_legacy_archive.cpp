#include <fmt/format.h>

#include <cstring>

#include "oasis/checkpoint/strict_json.h"
#include "oasis/core/error.h"
#include "pth_archive.h"

namespace oasis::checkpoint {
namespace {

// 0x1950a86a20f9469cfc6c and the number of the format.
constexpr std::string_view magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::int64_t format_number = 1001;

Error bad_legacy(const MappedFile& file, const std::string& why) {
  return Error(ExitCode::unreadable_input, fmt::format("{}: {}", file.path().string(), why));
}

struct LegacyStorage {
  ZipRecord place;
  std::uint64_t count;
};

class LegacyStorages : public StorageBytes {
 public:
  LegacyStorages(std::shared_ptr<const MappedFile> file, std::map<std::string, LegacyStorage> known)
      : file_(std::move(file)), known_(std::move(known)) {}

  ZipRecord find(const StorageId& id) override {
    const auto found = known_.find(id.key);
    if (found == known_.end()) {
      throw bad_legacy(*file_, fmt::format("storage {} is missing", quoted_name(id.key)));
    }
    if (found->second.count != id.count || found->second.place.size != id.count * id.item_bytes()) {
      throw bad_legacy(*file_, fmt::format("storage {} has {} elements, its tensors expect {}",
                                           quoted_name(id.key), found->second.count, id.count));
    }
    return found->second.place;
  }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::map<std::string, LegacyStorage> known_;
};

void check_system(const MappedFile& file, const PickleTree& system) {
  const PickleValue& root = system.root();
  if (root.kind != PickleKind::dictionary) throw bad_legacy(file, "no description of the system");
  for (std::size_t i = 0; i + 1 < root.items.size(); i += 2) {
    if (system[root.items[i]].text != "little_endian") continue;
    if (system[root.items[i + 1]].integer == 0) {
      throw bad_legacy(file, "written on a big-endian machine; save it again");
    }
  }
}

// The element sizes, which only the object's own mentions of its storages tell.
std::map<std::string, std::uint64_t> item_sizes(const PickleTree& object,
                                                const std::string& where) {
  std::map<std::string, std::uint64_t> sizes;
  for (std::uint32_t i = 0; i < object.size(); ++i) {
    if (object[i].kind != PickleKind::persistent) continue;
    const StorageId id = read_storage_id(object, i, where);
    sizes.emplace(id.key, id.item_bytes());
  }
  return sizes;
}

std::map<std::string, LegacyStorage> locate_storages(const MappedFile& file, std::size_t position,
                                                     const PickleTree& object,
                                                     const PickleTree& keys) {
  if (keys.root().kind != PickleKind::list) throw bad_legacy(file, "no list of storages");
  const auto sizes = item_sizes(object, file.path().string());
  std::map<std::string, LegacyStorage> storages;
  for (const std::uint32_t item : keys.root().items) {
    if (keys[item].kind != PickleKind::text) throw bad_legacy(file, "a storage key is no string");
    const std::string key(keys[item].text);
    const auto size = sizes.find(key);
    if (size == sizes.end()) {
      throw bad_legacy(file, fmt::format("nothing tells the type of storage {}", quoted_name(key)));
    }
    std::uint64_t count = 0;
    if (file.size() - position < sizeof(count)) throw bad_legacy(file, "a storage is cut off");
    std::memcpy(&count, file.data() + position, sizeof(count));
    position += sizeof(count);
    if (count > (file.size() - position) / size->second) {
      throw bad_legacy(file, fmt::format("storage {} is cut off", quoted_name(key)));
    }
    const LegacyStorage storage{{position, count * size->second}, count};
    if (!storages.emplace(key, storage).second) {
      throw bad_legacy(file, fmt::format("storage {} is listed twice", quoted_name(key)));
    }
    position += storage.place.size;
  }
  if (position != file.size()) {
    throw bad_legacy(file, fmt::format("{} bytes follow the last storage", file.size() - position));
  }
  return storages;
}

}  // namespace

PthArchive open_legacy_archive(const std::shared_ptr<const MappedFile>& file) {
  const std::string where = file->path().string();
  std::size_t position = 0;
  const PickleTree first = read_pickle(file->text(), position, where);
  if (first.root().kind != PickleKind::big_integer || first.root().text != magic) {
    throw bad_legacy(*file, "not a PyTorch checkpoint: wrong magic number");
  }
  const PickleTree second = read_pickle(file->text(), position, where);
  if (second.root().kind != PickleKind::integer || second.root().integer != format_number) {
    throw bad_legacy(*file, "a legacy PyTorch format of unknown number");
  }
  check_system(*file, read_pickle(file->text(), position, where));
  PthArchive archive;
  archive.tree = read_pickle(file->text(), position, where);
  const PickleTree keys = read_pickle(file->text(), position, where);
  archive.storages =
      std::make_unique<LegacyStorages>(file, locate_storages(*file, position, archive.tree, keys));
  return archive;
}

}  // namespace oasis::checkpoint
