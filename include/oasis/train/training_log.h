#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "oasis/train/event_file.h"

namespace oasis::train {

/// Values of one step by name: "loss", "loss/pixel", "rate", "psnr", ...
using LogRow = std::map<std::string, double>;

/// The numbers of a run in `log.csv` (step, name, value: one a line) and as TensorBoard events. A
/// resumed run goes on in the same file; lines after the step it goes on from are dropped.
class TrainingLog {
 public:
  /// Throws `oasis::Error` if the folder cannot be written.
  TrainingLog(const std::filesystem::path& output, std::int64_t resumed_at);
  void add(std::int64_t step, const LogRow& row);
  void flush();

  /// All values of one name so far, in order of steps.
  static std::vector<std::pair<std::int64_t, double>> read(const std::filesystem::path& output,
                                                           const std::string& name);

 private:
  std::ofstream csv_;
  EventFile events_;
};

}  // namespace oasis::train
