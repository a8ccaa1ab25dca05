#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace oasis::eval {

/// What a column of the results is.
struct MetricInfo {
  std::string key;         ///< "psnr_y": in JSON, CSV and on the command line
  std::string label;       ///< "PSNR-Y"
  std::string unit;        ///< "dB", or empty
  std::string definition;  ///< one line: colour space, range, network, source
  bool higher_is_better = true;
  int decimals = 4;
};

/// A metric that could not be computed, and why: "needs alex.pth in --weights".
struct MissingMetric {
  std::string key;
  std::string reason;
};

/// An encoded picture.
struct Picture {
  std::string mime;                 ///< "image/jpeg" or "image/png"
  std::vector<std::uint8_t> bytes;  ///< empty: there is none
  int width = 0;
  int height = 0;
};

/// One frame of a clip as the report shows it; all pictures have the output's size.
struct FramePictures {
  std::int64_t frame = 0;
  std::string why;  ///< "lowest PSNR-Y", "middle"
  Picture output;
  Picture reference;  ///< may be empty
  Picture bicubic;    ///< of the low-quality input, may be empty
};

struct ClipPictures {
  std::vector<FramePictures> frames;  ///< the worst first
  Picture slice_output;               ///< x-t slice: one row over all frames, time downwards
  Picture slice_reference;
};

/// Scores of one clip.
struct ClipResult {
  std::string name;
  std::filesystem::path output;
  std::filesystem::path reference;  ///< empty: none
  std::int64_t frames = 0;
  int width = 0;
  int height = 0;
  double fps = 0;
  std::map<std::string, double> scores;                  ///< by metric key
  std::map<std::string, std::vector<double>> per_frame;  ///< curves, by metric key
  std::vector<double> luma_spectrum;                     ///< of the frames' mean luma, by frequency
  std::vector<double> luma_spectrum_reference;
  std::vector<std::string> notes;  ///< "cut to 32 frames (--align crop)"
  std::string error;               ///< not empty: the clip failed, and why
  ClipPictures pictures;
};

/// A row of a published table.
struct PublishedRow {
  std::string method;
  std::string set;
  std::map<std::string, double> values;         ///< by metric key
  std::map<std::string, std::string> warnings;  ///< by metric key: "protocol unknown"
  std::string source;
};

/// All that an evaluation found.
struct EvaluationResult {
  std::string method;                           ///< name of the outputs' folder, or --name
  std::string protocol;                         ///< "dove"
  std::vector<std::string> protocol_text;       ///< its fixed choices, one a line
  std::vector<std::string> deviations;          ///< options that differ from the protocol
  std::map<std::string, std::string> versions;  ///< "oasis", "torch", weight files with hashes
  std::vector<MetricInfo> metrics;
  std::vector<MissingMetric> missing;
  std::vector<ClipResult> clips;
  std::map<std::string, double> means;  ///< over the clips without error
  std::vector<PublishedRow> published;
};

/// One method against the first, clip by clip.
struct PairedDifference {
  std::string metric;
  std::string method;
  double mean = 0;  ///< of (this method - the first)
  double low = 0;   ///< 95% interval of the mean, bootstrap over clips
  double high = 0;
  std::int64_t wins = 0;  ///< clips where this method is better
  std::int64_t clips = 0;
};

/// Several evaluations of the same clips.
struct Comparison {
  std::vector<EvaluationResult> methods;
  std::vector<PairedDifference> differences;
  std::vector<std::string> notes;  ///< clips that not all methods have
};

}  // namespace oasis::eval
