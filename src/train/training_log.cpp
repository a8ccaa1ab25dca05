#include "oasis/train/training_log.h"

#include <fmt/format.h>

#include <cstdlib>
#include <sstream>

#include "oasis/core/error.h"

namespace oasis::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHeader = "step,name,value";

// The lines of earlier runs up to and including a step.
std::string lines_until(const fs::path& path, std::int64_t step) {
  std::ifstream stream(path);
  std::ostringstream kept;
  for (std::string line; std::getline(stream, line);) {
    if (line == kHeader || line.empty()) continue;
    if (std::atoll(line.c_str()) <= step) kept << line << '\n';
  }
  return kept.str();
}

std::ofstream open_csv(const fs::path& output, std::int64_t resumed_at) {
  fs::create_directories(output);
  const fs::path path = output / "log.csv";
  const fs::path part = path.string() + ".part";
  const std::string kept = resumed_at > 0 ? lines_until(path, resumed_at) : std::string();
  std::ofstream stream(part, std::ios::trunc);
  stream << kHeader << '\n' << kept << std::flush;
  std::error_code error;
  fs::rename(part, path, error);  // the stream goes on in the renamed file
  if (error) stream.setstate(std::ios::failbit);
  if (!stream) throw Error(ExitCode::failed, fmt::format("{}: cannot be written", path.string()));
  return stream;
}

}  // namespace

TrainingLog::TrainingLog(const fs::path& output, std::int64_t resumed_at)
    : csv_(open_csv(output, resumed_at)), events_(output / "tensorboard") {}

void TrainingLog::add(std::int64_t step, const LogRow& row) {
  for (const auto& [name, value] : row) {
    csv_ << fmt::format("{},{},{:.9g}\n", step, name, value);
    events_.scalar(name, step, value);
  }
}

void TrainingLog::flush() {
  csv_.flush();
  events_.flush();
}

std::vector<std::pair<std::int64_t, double>> TrainingLog::read(const fs::path& output,
                                                               const std::string& name) {
  std::ifstream stream(output / "log.csv");
  std::vector<std::pair<std::int64_t, double>> values;
  for (std::string line; std::getline(stream, line);) {
    const auto first = line.find(',');
    const auto second = line.find(',', first + 1);
    if (second == std::string::npos || line.substr(first + 1, second - first - 1) != name) continue;
    values.emplace_back(std::atoll(line.c_str()), std::atof(line.c_str() + second + 1));
  }
  return values;
}

}  // namespace oasis::train
