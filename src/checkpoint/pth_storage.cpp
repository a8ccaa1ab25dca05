#include "pth_storage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "oasis/checkpoint/strict_json.h"
#include "oasis/core/error.h"

namespace oasis::checkpoint {
namespace {

using c10::ScalarType;

struct NamedType {
  std::string_view name;
  ScalarType dtype;
};

constexpr std::array<NamedType, 12> storage_types = {{
    {"DoubleStorage", ScalarType::Double},
    {"FloatStorage", ScalarType::Float},
    {"HalfStorage", ScalarType::Half},
    {"BFloat16Storage", ScalarType::BFloat16},
    {"LongStorage", ScalarType::Long},
    {"IntStorage", ScalarType::Int},
    {"ShortStorage", ScalarType::Short},
    {"CharStorage", ScalarType::Char},
    {"ByteStorage", ScalarType::Byte},
    {"BoolStorage", ScalarType::Bool},
    {"ComplexFloatStorage", ScalarType::ComplexFloat},
    {"ComplexDoubleStorage", ScalarType::ComplexDouble},
}};

constexpr std::array<NamedType, 20> dtypes = {{
    {"float64", ScalarType::Double},
    {"float32", ScalarType::Float},
    {"float16", ScalarType::Half},
    {"bfloat16", ScalarType::BFloat16},
    {"int64", ScalarType::Long},
    {"int32", ScalarType::Int},
    {"int16", ScalarType::Short},
    {"int8", ScalarType::Char},
    {"uint8", ScalarType::Byte},
    {"uint16", ScalarType::UInt16},
    {"uint32", ScalarType::UInt32},
    {"uint64", ScalarType::UInt64},
    {"bool", ScalarType::Bool},
    {"float8_e4m3fn", ScalarType::Float8_e4m3fn},
    {"float8_e5m2", ScalarType::Float8_e5m2},
    {"float8_e4m3fnuz", ScalarType::Float8_e4m3fnuz},
    {"float8_e5m2fnuz", ScalarType::Float8_e5m2fnuz},
    {"float8_e8m0fnu", ScalarType::Float8_e8m0fnu},
    {"complex64", ScalarType::ComplexFloat},
    {"complex128", ScalarType::ComplexDouble},
}};

template <std::size_t N>
std::optional<ScalarType> find_type(const std::array<NamedType, N>& table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [name](const NamedType& type) { return type.name == name; });
  return found == table.end() ? std::nullopt : std::optional(found->dtype);
}

bool is_count(const PickleValue& value) {
  return value.kind == PickleKind::integer && value.integer >= 0;
}

void read_storage_type(const PickleValue& type, StorageId& id, const std::string& where) {
  if (type.kind == PickleKind::global) {
    const bool untyped = type.text == "torch.storage" || type.text == "torch";
    if (untyped && (type.name == "UntypedStorage" || type.name == "_UntypedStorage")) return;
    if (type.text == "torch" || type.text == "torch.cuda") {
      id.dtype = find_type(storage_types, type.name);
      if (id.dtype) return;
    }
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: {}.{} is no known storage type", where, type.text, type.name));
  }
  throw Error(ExitCode::unreadable_input, where + ": a storage has no type");
}

// The sixth item of old legacy files: None, or (view key, first element, element count).
void read_view(const PickleTree& tree, std::uint32_t index, StorageId& id,
               const std::string& where) {
  const PickleValue& view = tree[index];
  if (view.kind == PickleKind::none) return;
  if (view.kind != PickleKind::tuple || view.items.size() != 3 || !is_count(tree[view.items[1]]) ||
      !is_count(tree[view.items[2]])) {
    throw Error(ExitCode::unreadable_input, where + ": a storage's view is broken");
  }
  id.view_begin = static_cast<std::uint64_t>(tree[view.items[1]].integer);
  id.view_count = static_cast<std::uint64_t>(tree[view.items[2]].integer);
  if (id.view_begin > id.count || id.view_count > id.count - id.view_begin) {
    throw Error(ExitCode::unreadable_input, where + ": a storage's view lies outside of it");
  }
}

}  // namespace

StorageId read_storage_id(const PickleTree& tree, std::uint32_t index, const std::string& where) {
  const PickleValue& tuple = tree[tree[index].items.front()];
  const auto item = [&](std::size_t i) -> const PickleValue& { return tree[tuple.items[i]]; };
  if (tuple.kind != PickleKind::tuple || tuple.items.size() < 5 || tuple.items.size() > 6 ||
      item(0).kind != PickleKind::text || item(0).text != "storage" ||
      item(2).kind != PickleKind::text) {
    throw Error(ExitCode::unreadable_input, where + ": a persistent id is no storage");
  }
  StorageId id;
  read_storage_type(item(1), id, where);
  id.key = item(2).text;
  if (!is_count(item(4)) || static_cast<std::uint64_t>(item(4).integer) >
                                std::numeric_limits<std::int64_t>::max() / id.item_bytes()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: storage {} has an impossible size", where, quoted_name(id.key)));
  }
  id.count = static_cast<std::uint64_t>(item(4).integer);
  id.view_count = id.count;
  if (tuple.items.size() == 6) read_view(tree, tuple.items[5], id, where);
  return id;
}

std::optional<ScalarType> find_torch_dtype(const PickleValue& global) {
  if (global.kind != PickleKind::global || global.text != "torch") return std::nullopt;
  return find_type(dtypes, global.name);
}

}  // namespace oasis::checkpoint
