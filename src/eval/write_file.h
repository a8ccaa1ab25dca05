#pragma once

#include <filesystem>
#include <string>

namespace oasis::eval {

/// Writes `path` + ".part", flushes it to disk and renames it: whoever reads `path` finds all of it
/// or the old file. Throws `oasis::Error` (failed).
void write_file(const std::filesystem::path& path, const std::string& bytes);

}  // namespace oasis::eval
