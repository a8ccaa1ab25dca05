#pragma once

#include <filesystem>
#include <string>

namespace oasis::routing {

/// Writes `text` to `path` + ".part", flushes it to disk and renames it, so that whoever reads
/// `path` finds all of it or the old file. Throws `oasis::Error`.
void replace_file(const std::filesystem::path& path, const std::string& text);

}  // namespace oasis::routing
