#pragma once

#include <filesystem>

namespace oasis::train {

/// Writes `<output>/report.html`: one self-contained page with the curves of log.csv and the newest
/// before/after pictures. Throws `oasis::Error` if it cannot be written.
void write_report_page(const std::filesystem::path& output);

}  // namespace oasis::train
