#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "oasis/checkpoint/mapped_file.h"
#include "oasis/checkpoint/pickle_machine.h"
#include "pth_storage.h"

namespace oasis::checkpoint {

/// Makes tensors from the descriptions that torch.save leaves in a pickle: the calls of
/// `torch._utils._rebuild_tensor*`, perhaps inside `_rebuild_parameter*`.
class PthTensorBuilder {
 public:
  PthTensorBuilder(std::shared_ptr<const MappedFile> file, const PickleTree& tree,
                   StorageBytes& storages)
      : file_(std::move(file)), tree_(tree), storages_(storages) {}

  /// `where` begins the message of the `oasis::Error` that anything else than a tensor is.
  at::Tensor build(std::uint32_t index, const std::string& where);

 private:
  using Arguments = std::vector<std::uint32_t>;

  at::Tensor view(const Arguments& arguments, std::size_t dtype_at, const std::string& where);
  at::Tensor storage(const StorageId& id, at::ScalarType dtype, const std::string& where);
  std::vector<std::int64_t> extents(std::uint32_t index, const std::string& where) const;

  std::shared_ptr<const MappedFile> file_;
  const PickleTree& tree_;
  StorageBytes& storages_;
  std::map<std::pair<std::string, at::ScalarType>, at::Tensor> made_;
};

}  // namespace oasis::checkpoint
