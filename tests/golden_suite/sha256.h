#pragma once

#include <cstddef>
#include <string>

namespace oasis::golden {

/// SHA-256 (FIPS 180-4) of `count` bytes, in lower-case hexadecimal digits.
std::string sha256(const void* bytes, std::size_t count);

}  // namespace oasis::golden
