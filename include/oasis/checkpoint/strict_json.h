#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace oasis::checkpoint {

/// Parses JSON that comes from outside: one UTF-8 object with nothing but white space around it, no
/// name twice in one object, nesting of at most 32. Otherwise `oasis::Error` (unreadable_input) on
/// one line that begins with `where`.
nlohmann::json parse_strict_json(std::string_view text, const std::string& where);

/// A name from a file as it may stand in a message: quoted, one line, valid UTF-8, not too long.
std::string quoted_name(std::string_view name);

}  // namespace oasis::checkpoint
