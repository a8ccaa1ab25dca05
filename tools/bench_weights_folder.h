#pragma once

#include <filesystem>

namespace oasis::tools {

/// A temporary folder for random weights, removed at the end. Throws `oasis::Error` if none can be
/// made.
class WeightsFolder {
 public:
  WeightsFolder();
  ~WeightsFolder();
  WeightsFolder(const WeightsFolder&) = delete;
  WeightsFolder& operator=(const WeightsFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace oasis::tools
