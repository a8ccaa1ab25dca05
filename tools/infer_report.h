#pragma once

#include <string>
#include <vector>

#include "oasis/infer/upscaler.h"

namespace oasis::tools {

/// What a finished run is reported with.
struct InferReport {
  std::string input;
  std::string output;
  std::string model;
  std::string device;
  std::string precision;
  std::string codec;
  infer::Size source;
  infer::UpscaleReport run;
  bool damaged = false;
  std::vector<std::string> warnings;
};

/// Output pixels per second of this run, without what an earlier one did, in millions.
double megapixels_per_second(const infer::UpscaleReport& run);

/// The table for people, on standard error.
void log_report(const InferReport& report);

/// The same as JSON, to `file` or, if that is empty, standard output. Throws `oasis::Error`.
void write_json_report(const InferReport& report, const std::string& file);

}  // namespace oasis::tools
