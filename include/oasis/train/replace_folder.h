#pragma once

#include <filesystem>

namespace oasis::train {

/// Gives the finished folder `part` the name `folder`, whatever bears it now. Both are on one file
/// system. A process that is killed in between leaves the old or the new folder under the name
/// (where the file system cannot exchange two names, the old one may be left as `folder.old`).
/// Throws `oasis::Error`.
void replace_folder(const std::filesystem::path& part, const std::filesystem::path& folder);

/// Waits until a file or folder is on the disk. Throws `oasis::Error`.
void flush_to_disk(const std::filesystem::path& path);

}  // namespace oasis::train
