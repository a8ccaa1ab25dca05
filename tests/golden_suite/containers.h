#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace oasis::golden {

/// Whether this folder name holds container files with their expectations beside them, not cases.
bool is_container_area(const std::string& folder);

/// Registers one test per container file below `golden`. A container folder without files is a
/// failing test; a missing one is a failing test if `all_required`. Returns how
/// many files there are.
std::size_t register_container_tests(const std::filesystem::path& golden, bool all_required);

}  // namespace oasis::golden
