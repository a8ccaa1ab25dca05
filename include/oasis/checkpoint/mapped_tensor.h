#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>

#include "oasis/checkpoint/mapped_file.h"

namespace oasis::checkpoint {

/// A packed CPU tensor over the bytes of `file` from `offset`; the caller has checked that they lie
/// inside. The tensor keeps the mapping alive. Nothing is copied unless the bytes lie at an address
/// that is no multiple of the element size. Bytes of a bool tensor other than 0 and 1 are an error
/// that names `what`.
at::Tensor mapped_tensor(const std::shared_ptr<const MappedFile>& file, std::uint64_t offset,
                         at::IntArrayRef shape, at::ScalarType dtype, const std::string& what);

/// If the tensor is (a view of) a mapped one: gives back the memory of its whole storage's pages,
/// which come from the file again when they are next read; what was written into them is lost.
/// Other tensors are left alone.
void release_mapped_pages(const at::Tensor& tensor);

}  // namespace oasis::checkpoint
