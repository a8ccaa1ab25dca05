#pragma once

#include <filesystem>
#include <string>

#include "oasis/eval/results.h"

namespace oasis::eval {

/// The results as JSON, pictures left out. Numbers that JSON does not have are the texts "inf",
/// "-inf" and "nan".
std::string to_json(const EvaluationResult& result);

/// The inverse. Throws `oasis::Error` (unreadable_input) that names `file` if it is not such a
/// file.
EvaluationResult read_results(const std::filesystem::path& file);

/// One line a clip, one column a metric, and the means last. Texts are quoted where needed.
std::string to_csv(const EvaluationResult& result);

/// Differences, wins and each method's means as JSON.
std::string to_json(const Comparison& comparison);

/// Writes text so that `path` holds all of it or what it held before. Throws `oasis::Error`.
void write_text(const std::filesystem::path& path, const std::string& text);

}  // namespace oasis::eval
