#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "oasis/metrics/ewarp.h"
#include "oasis/metrics/luma_pulse.h"
#include "oasis/metrics/score_options.h"

namespace oasis::eval {

/// What happens to a pair whose sizes or lengths differ.
enum class Align {
  refuse,  ///< an error that names the numbers
  crop,    ///< both are cut to the frames and the size they have in common
  resize,  ///< the output is resized to the reference; of the frames, the common first ones count
};

/// "refuse", "crop" or "resize"; anything else throws `oasis::Error` (usage).
Align align_from(const std::string& name);

/// Which matrix a Y'CbCr file of high definition has that does not say so.
enum class UntaggedMatrix {
  by_size,  ///< BT.709, as television has it
  bt601,    ///< what OpenCV and swscale take, so that scripts around them repeat their numbers
};

/// Everything that a table of scores depends on besides the clips: `configs/protocols/*.yaml`.
struct Protocol {
  std::string name = "plain";
  std::string about;  ///< one line: whose protocol it is

  Align align = Align::refuse;
  bool centred = false;  ///< `crop` keeps the middle instead of the top left
  UntaggedMatrix untagged_matrix = UntaggedMatrix::by_size;
  std::int64_t border = 0;  ///< pixels cut from each side for the metrics with a reference

  metrics::ScoreVariant psnr = metrics::ScoreVariant::basicsr;
  metrics::ScoreChannels psnr_y = metrics::ScoreChannels::y_bt601;
  metrics::ScoreVariant ssim = metrics::ScoreVariant::basicsr;
  metrics::ScoreChannels ssim_y = metrics::ScoreChannels::y_bt601;
  std::int64_t clipiqa_pairs = 1;  ///< of prompts: 5 (IQA-PyTorch) or 1 (the original)

  bool dover_antialias = false;    ///< of the aesthetic view's resizing
  bool dover_centre = false;       ///< patches in the middle of their cells, no random frames
  std::int64_t dover_seed = 0;     ///< of the random places
  std::int64_t dover_repeats = 1;  ///< draws whose raw scores are averaged

  metrics::EwarpMode ewarp = metrics::EwarpMode::lai;
  bool ewarp_dis = false;              ///< flow by DIS instead of RAFT
  std::int64_t ewarp_iterations = 20;  ///< of RAFT
  metrics::LumaPulseOptions pulse;     ///< threshold and periods
  int decimals = -1;  ///< clip scores are rounded to so many before the mean of the set; -1: not
};

/// A protocol by its name (`dove`, `plain`) or its file. Throws `oasis::Error` (usage) for an
/// unknown name, and with file and line for an unknown key or a wrong value.
Protocol load_protocol(const std::string& name_or_file);

/// Where the shipped `configs/<part>` lies, found from the program's place. Throws `oasis::Error`.
std::filesystem::path configs_folder(const std::string& part);

/// The fixed choices: (what, which), in a fixed order, for reading by people.
std::vector<std::pair<std::string, std::string>> protocol_lines(const Protocol& protocol);

/// The choices in which `used` differs from `published`: "sizes and lengths: crop (protocol: ...)".
std::vector<std::string> deviations(const Protocol& published, const Protocol& used);

/// Rounded as the protocol says; infinities and NaN stay.
double round_score(double value, int decimals);

/// The mean, rounded; NaN if there is nothing to average.
double mean_score(const std::vector<double>& values, int decimals);

}  // namespace oasis::eval
