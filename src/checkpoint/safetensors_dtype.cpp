#include "safetensors_dtype.h"

#include <array>

#include "oasis/checkpoint/safetensors.h"

namespace oasis::checkpoint {
namespace {

struct NamedDtype {
  std::string_view name;
  c10::ScalarType dtype;
};

// In the order in which the official writer lays out the data.
constexpr std::array<NamedDtype, 19> dtypes = {{
    {"U64", c10::ScalarType::UInt64},
    {"I64", c10::ScalarType::Long},
    {"F64", c10::ScalarType::Double},
    {"C64", c10::ScalarType::ComplexFloat},
    {"F32", c10::ScalarType::Float},
    {"U32", c10::ScalarType::UInt32},
    {"I32", c10::ScalarType::Int},
    {"BF16", c10::ScalarType::BFloat16},
    {"F16", c10::ScalarType::Half},
    {"U16", c10::ScalarType::UInt16},
    {"I16", c10::ScalarType::Short},
    {"F8_E5M2FNUZ", c10::ScalarType::Float8_e5m2fnuz},
    {"F8_E4M3FNUZ", c10::ScalarType::Float8_e4m3fnuz},
    {"F8_E8M0", c10::ScalarType::Float8_e8m0fnu},
    {"F8_E4M3", c10::ScalarType::Float8_e4m3fn},
    {"F8_E5M2", c10::ScalarType::Float8_e5m2},
    {"I8", c10::ScalarType::Char},
    {"U8", c10::ScalarType::Byte},
    {"BOOL", c10::ScalarType::Bool},
}};

}  // namespace

std::optional<c10::ScalarType> find_safetensors_dtype(std::string_view name) {
  for (const NamedDtype& entry : dtypes) {
    if (entry.name == name) return entry.dtype;
  }
  return std::nullopt;
}

int safetensors_write_rank(c10::ScalarType dtype) {
  for (std::size_t i = 0; i < dtypes.size(); ++i) {
    if (dtypes[i].dtype == dtype) return static_cast<int>(i);
  }
  return -1;
}

std::string safetensors_dtype_name(at::ScalarType dtype) {
  const int rank = safetensors_write_rank(dtype);
  return rank < 0 ? std::string() : std::string(dtypes[static_cast<std::size_t>(rank)].name);
}

}  // namespace oasis::checkpoint
