#include <fmt/format.h>

#include <utility>

#include "oasis/checkpoint/strict_json.h"
#include "oasis/core/error.h"
#include "pth_archive.h"

namespace oasis::checkpoint {
namespace {

class ZipStorages : public StorageBytes {
 public:
  ZipStorages(std::shared_ptr<const MappedFile> file, ZipDirectory directory, std::string folder)
      : file_(std::move(file)), directory_(std::move(directory)), folder_(std::move(folder)) {}

  ZipRecord find(const StorageId& id) override {
    auto found = known_.find(id.key);
    if (found == known_.end()) {
      found = known_.emplace(id.key, directory_.record(folder_ + "data/" + id.key)).first;
    }
    if (found->second.size != id.count * id.item_bytes()) {
      throw Error(
          ExitCode::unreadable_input,
          fmt::format("{}: storage {} has {} bytes, its tensors expect {}", file_->path().string(),
                      quoted_name(id.key), found->second.size, id.count * id.item_bytes()));
    }
    return found->second;
  }

 private:
  std::shared_ptr<const MappedFile> file_;
  ZipDirectory directory_;
  std::string folder_;
  std::map<std::string, ZipRecord> known_;
};

std::string_view text_of(const MappedFile& file, const ZipRecord& record) {
  return file.text().substr(record.offset, record.size);
}

}  // namespace

PthArchive open_zip_archive(const std::shared_ptr<const MappedFile>& file) {
  ZipDirectory directory(file);
  const std::string folder = directory.folder_of("data.pkl");
  if (directory.has(folder + "byteorder") &&
      text_of(*file, directory.record(folder + "byteorder")) != "little") {
    throw Error(ExitCode::unreadable_input,
                file->path().string() + ": written on a big-endian machine; save it again");
  }
  const std::string_view pickle = text_of(*file, directory.record(folder + "data.pkl"));
  std::size_t position = 0;
  PthArchive archive;
  archive.tree = read_pickle(pickle, position, file->path().string());
  archive.storages = std::make_unique<ZipStorages>(file, std::move(directory), folder);
  return archive;
}

}  // namespace oasis::checkpoint
