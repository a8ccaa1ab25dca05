#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "oasis/infer/frame_range.h"
#include "oasis/infer/output_size.h"
#include "oasis/infer/upscaler.h"

namespace oasis::tools {

/// What the command line of oasis-infer says.
struct InferOptions {
  std::filesystem::path input;
  std::filesystem::path output;
  std::string model;  ///< a folder or "bicubic"; empty: the shipped model
  infer::UpscaleSettings upscale;
  infer::FrameRange range;
  infer::SizeRequest size;
  std::string codec;
  int crf = -1;
  bool overwrite = false;
  bool resume = false;   ///< keep finished parts, and go on from them if they are there
  int part_frames = 64;  ///< frames of such a part
  std::string device = "cpu";
  std::string precision;
  int threads = 0;
  bool quiet = false;
  bool verbose = false;
  bool doctor = false;
  std::optional<std::string> json;  ///< a file; empty text: standard output
};

/// Reads the command line. Returns nothing when it only asked for help or the version, which is
/// then on standard output. Throws `oasis::Error` (usage).
std::optional<InferOptions> parse_infer_options(int argc, char** argv);

}  // namespace oasis::tools
