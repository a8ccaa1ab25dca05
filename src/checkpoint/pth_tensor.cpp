#include "pth_tensor.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>

#include "oasis/checkpoint/mapped_tensor.h"
#include "oasis/core/error.h"

namespace oasis::checkpoint {
namespace {

constexpr std::size_t no_dtype = 0;
constexpr std::size_t max_rank = 64;
// An expanded view (stride 0) may be larger than the file, but not without limit: whoever copies
// the tensor would need that memory.
constexpr std::uint64_t max_expanded_bytes = std::uint64_t{1} << 30;

Error bad_tensor(const std::string& where, const std::string& why) {
  return Error(ExitCode::unreadable_input, fmt::format("{}: {}", where, why));
}

// Elements of the view; refuses what leaves a storage of `count` elements.
std::int64_t checked_elements(std::int64_t offset, const std::vector<std::int64_t>& sizes,
                              const std::vector<std::int64_t>& strides, std::uint64_t count,
                              const std::string& where) {
  std::int64_t elements = 1;
  std::int64_t last = offset;
  bool empty = false;
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
    empty = empty || sizes[axis] == 0;
    std::int64_t reach = 0;
    if (__builtin_mul_overflow(elements, std::max<std::int64_t>(sizes[axis], 1), &elements) ||
        __builtin_mul_overflow(std::max<std::int64_t>(sizes[axis], 1) - 1, strides[axis], &reach) ||
        __builtin_add_overflow(last, reach, &last)) {
      throw bad_tensor(where, "the tensor's size overflows");
    }
  }
  if (empty) return 0;
  if (static_cast<std::uint64_t>(last) >= count) {
    throw bad_tensor(where, "the tensor reaches beyond its storage");
  }
  return elements;
}

}  // namespace

at::Tensor PthTensorBuilder::build(std::uint32_t index, const std::string& where) {
  std::uint32_t callee = 0;
  std::uint32_t tuple = 0;
  // Each turn unwraps one call whose arguments were made before it, hence the loop ends.
  bool described = false;
  while (true) {
    if (!described) {
      if (tree_[index].kind != PickleKind::call) {
        throw bad_tensor(where, "neither a tensor nor a plain value");
      }
      callee = tree_[index].items[0];
      tuple = tree_[index].items[1];
    }
    described = false;
    const Arguments& arguments = tree_[tuple].items;
    const auto calls = [&](std::string_view name, std::size_t least, std::size_t most) {
      return tree_.is_global(callee, "torch._utils", name) && arguments.size() >= least &&
             arguments.size() <= most;
    };
    if (calls("_rebuild_tensor", 4, 4) || calls("_rebuild_tensor_v2", 6, 7)) {
      return view(arguments, no_dtype, where);
    }
    if (calls("_rebuild_tensor_v3", 7, 8)) return view(arguments, 6, where);
    if (calls("_rebuild_parameter", 3, 3) || calls("_rebuild_parameter_with_state", 4, 4)) {
      index = arguments[0];
    } else if (tree_.is_global(callee, "torch._tensor", "_rebuild_from_type_v2") &&
               arguments.size() == 4 && tree_[arguments[2]].kind == PickleKind::tuple) {
      callee = arguments[0];
      tuple = arguments[2];
      described = true;
    } else if (tree_[callee].kind == PickleKind::global) {
      throw bad_tensor(where, fmt::format("'{}.{}' does not make a supported tensor",
                                          tree_[callee].text, tree_[callee].name));
    } else {
      throw bad_tensor(where, "an object that is no tensor");
    }
  }
}

at::Tensor PthTensorBuilder::view(const Arguments& arguments, std::size_t dtype_at,
                                  const std::string& where) {
  if (tree_[arguments[0]].kind != PickleKind::persistent) {
    throw bad_tensor(where, "the tensor has no storage");
  }
  const StorageId id = read_storage_id(tree_, arguments[0], where);
  const auto dtype = dtype_at == no_dtype ? id.dtype : find_torch_dtype(tree_[arguments[dtype_at]]);
  if (!dtype) throw bad_tensor(where, "the tensor's dtype is not supported");
  const PickleValue& offset = tree_[arguments[1]];
  if (offset.kind != PickleKind::integer || offset.integer < 0) {
    throw bad_tensor(where, "the tensor's offset is no non-negative integer");
  }
  const std::vector<std::int64_t> sizes = extents(arguments[2], where);
  const std::vector<std::int64_t> strides = extents(arguments[3], where);
  if (sizes.size() != strides.size()) throw bad_tensor(where, "sizes and strides differ in number");

  const std::uint64_t item = c10::elementSize(*dtype);
  const std::uint64_t count = id.view_count * id.item_bytes() / item;
  const std::int64_t elements = checked_elements(offset.integer, sizes, strides, count, where);
  if (elements == 0) return at::empty(sizes, at::TensorOptions().dtype(*dtype));
  if (static_cast<std::uint64_t>(elements) > std::max(max_expanded_bytes, file_->size()) / item) {
    throw bad_tensor(where, "the tensor repeats its few values to an absurd size");
  }
  const std::uint64_t begin = id.view_begin * id.item_bytes();
  if (begin % item != 0) throw bad_tensor(where, "the storage's view splits an element");
  return storage(id, *dtype, where)
      .as_strided(sizes, strides, offset.integer + static_cast<std::int64_t>(begin / item));
}

at::Tensor PthTensorBuilder::storage(const StorageId& id, at::ScalarType dtype,
                                     const std::string& where) {
  // Asked every time: two ids of one key may claim different sizes.
  const ZipRecord place = storages_.find(id);
  at::Tensor& tensor = made_[{id.key, dtype}];
  if (!tensor.defined()) {
    const auto count = static_cast<std::int64_t>(place.size / c10::elementSize(dtype));
    tensor = mapped_tensor(file_, place.offset, {count}, dtype, where);
  }
  return tensor;
}

std::vector<std::int64_t> PthTensorBuilder::extents(std::uint32_t index,
                                                    const std::string& where) const {
  const PickleValue& value = tree_[index];
  if (value.kind != PickleKind::tuple && value.kind != PickleKind::list) {
    throw bad_tensor(where, "the tensor's sizes or strides are no tuple");
  }
  if (value.items.size() > max_rank) throw bad_tensor(where, "the tensor has too many axes");
  std::vector<std::int64_t> result;
  for (const std::uint32_t item : value.items) {
    if (tree_[item].kind != PickleKind::integer || tree_[item].integer < 0) {
      throw bad_tensor(where, "the tensor's sizes and strides are not all non-negative integers");
    }
    result.push_back(tree_[item].integer);
  }
  return result;
}

}  // namespace oasis::checkpoint
