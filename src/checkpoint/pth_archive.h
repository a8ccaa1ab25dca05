#pragma once

#include <memory>

#include "oasis/checkpoint/mapped_file.h"
#include "oasis/checkpoint/pickle_machine.h"
#include "pth_storage.h"

namespace oasis::checkpoint {

/// A file of torch.save, opened: the pickled object and where its storages lie.
struct PthArchive {
  PickleTree tree;
  std::unique_ptr<StorageBytes> storages;
};

/// The format since PyTorch 1.6: a zip file with `data.pkl` and one member per storage.
PthArchive open_zip_archive(const std::shared_ptr<const MappedFile>& file);

/// The older format: five pickles (magic number, protocol, system, object, storage keys), then the
/// storages in the order of the keys, each after its element count.
PthArchive open_legacy_archive(const std::shared_ptr<const MappedFile>& file);

}  // namespace oasis::checkpoint
