#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "oasis/eval/results.h"

namespace oasis::eval {

/// Published numbers of a test set (`configs/published/*.yaml` in `folder`): all rows of that set,
/// file by file in order of their names. Throws `oasis::Error` (usage) for a set that no file has,
/// naming those there are, and for a file with unknown keys.
std::vector<PublishedRow> published_rows(const std::filesystem::path& folder,
                                         const std::string& set);

}  // namespace oasis::eval
