#pragma once

#include <c10/core/ScalarType.h>

#include <optional>
#include <string_view>

namespace oasis::checkpoint {

/// The dtype of a safetensors name; nothing for an unknown or unsupported one.
std::optional<c10::ScalarType> find_safetensors_dtype(std::string_view name);

/// Place of a dtype in the data of a written file: larger elements come first, as in the official
/// writer, so that all data are aligned. Minus one for a dtype without a safetensors name.
int safetensors_write_rank(c10::ScalarType dtype);

}  // namespace oasis::checkpoint
