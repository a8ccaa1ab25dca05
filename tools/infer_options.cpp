#include "infer_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "common_options.h"
#include "oasis/core/error.h"
#include "oasis/core/version.h"

namespace oasis::tools {
namespace {

constexpr const char* kExamples = R"(Examples:
  oasis-infer small.mp4 large.mp4
      Upscale by 4 with the shipped model; sound and subtitles are kept.
  oasis-infer small.mp4 large.mkv --model bicubic
      The same without a model, for comparison.
  oasis-infer small.mp4 large.mp4 --short-side 1080 --codec hevc --crf 18
      Upscale by 4, then fit to 1080 lines; HEVC of high quality.
  oasis-infer film.mkv part.mkv --time 1:05-1:20
      Only these fifteen seconds.
  oasis-infer frames/ upscaled/ --tile 1024x1024 --chunk 17
      A folder of images to PNG, with less memory.
  oasis-infer film.mkv large.mkv --resume
      Can be interrupted; the same command goes on.
  oasis-infer --doctor
      Say what this installation can do.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 input cannot be read, 4 not enough memory,
5 input was damaged and what could be decoded is done, 130 interrupted, 143 terminated.)";

/// The texts of options that need more than a conversion to a number.
struct RawOptions {
  std::string tile = "0";
  std::string frames;
  std::string time;
  std::string size;
  std::int64_t overlap = -1;
  std::string json;
};

/// "640x360".
infer::Size parse_size(const char* option, const std::string& text) {
  infer::Size size;
  const char* end = text.data() + text.size();
  const auto width = std::from_chars(text.data(), end, size.width);
  bool good = width.ec == std::errc() && width.ptr != end && *width.ptr == 'x';
  if (good) {
    const auto height = std::from_chars(width.ptr + 1, end, size.height);
    good = height.ec == std::errc() && height.ptr == end && size.width > 0 && size.height > 0;
  }
  if (!good) {
    throw Error(ExitCode::usage,
                fmt::format("{}: \"{}\" is not WxH, for example 1280x720", option, text));
  }
  return size;
}

void add_options(CLI::App& app, InferOptions& options, RawOptions& raw) {
  app.add_option("IN", options.input, "Video, image or folder of images");
  app.add_option("OUT", options.output,
                 "Video (.mp4, .mkv, .mov, .webm), image (.png) or folder for PNG images");
  app.add_option("--model", options.model, "Model folder, or bicubic (default: the shipped model)");
  app.add_option("--scale", options.size.scale, "Result S times the source (default 4)");
  app.add_option("--size", raw.size, "Result of exactly WxH pixels");
  app.add_option("--short-side", options.size.short_side, "Shorter side of the result in pixels");
  app.add_option("--frames", raw.frames, "Only frames A:B, from A to before B, counted from 0");
  app.add_option("--time", raw.time, "Only times A-B, in seconds or H:M:S");
  app.add_option("--chunk", options.upscale.chunk, "Frames per clip, 4n+1 (default 33)");
  app.add_option("--overlap", raw.overlap,
                 "Frames shared by neighbouring clips (default 8, at most half a clip)");
  app.add_option("--tile", raw.tile, "Tiles of WxH pixels of the x4 result, 0: automatic");
  app.add_option("--codec", options.codec,
                 "h264, hevc, hevc10, vp9, ffv1 or png (default: by container and depth)");
  app.add_option("--crf", options.crf, "Constant quality of the codec, smaller is better")
      ->check(CLI::Range(0, 63));
  app.add_flag("--overwrite", options.overwrite, "Replace OUT if it exists");
  app.add_flag("--resume", options.resume,
               "Keep finished parts in OUT.part.d while working, and go on from those that an "
               "interrupted run with --resume has left there");
  app.add_option("--part-frames", options.part_frames,
                 "Frames of such a part: what an interruption loses at most (default 64)")
      ->check(CLI::Range(1, 100000));
  app.add_option("--device", options.device, "cpu, cuda or cuda:N (default cpu)");
  add_precision_option(app, options.precision);
  add_threads_option(app, options.threads);
  add_loudness_options(app, options.quiet, options.verbose);
  add_json_option(app, raw.json, "Report");
  app.add_flag("--doctor", options.doctor, "Check this installation and exit");
  app.set_version_flag("--version", "oasis-infer " + version());
  app.footer(kExamples);
}

void interpret(const RawOptions& raw, InferOptions& options) {
  auto& upscale = options.upscale;
  if (upscale.chunk < 1 || upscale.chunk % 4 != 1) {
    throw Error(ExitCode::usage,
                fmt::format("--chunk: {} is not of the form 4n+1, for example 33", upscale.chunk));
  }
  if (raw.overlap < -1 || 2 * raw.overlap > upscale.chunk) {
    throw Error(ExitCode::usage, fmt::format("--overlap: {} is not from 0 to half of --chunk {}",
                                             raw.overlap, upscale.chunk));
  }
  upscale.overlap = raw.overlap >= 0 ? raw.overlap : std::min<std::int64_t>(8, upscale.chunk / 2);
  if (raw.tile != "0") {
    const infer::Size tile = parse_size("--tile", raw.tile);
    upscale.tiles.tile = {(tile.width + 3) / 4, (tile.height + 3) / 4};
  }
  if (!raw.size.empty()) options.size.size = parse_size("--size", raw.size);
  if (!raw.frames.empty() && !raw.time.empty()) {
    throw Error(ExitCode::usage, "--frames and --time exclude one another");
  }
  if (!raw.frames.empty()) options.range = infer::parse_frame_range(raw.frames);
  if (!raw.time.empty()) options.range = infer::parse_time_range(raw.time);
  if (!options.doctor && (options.input.empty() || options.output.empty())) {
    throw Error(ExitCode::usage, "IN and OUT are needed; see oasis-infer --help");
  }
}

}  // namespace

std::optional<InferOptions> parse_infer_options(int argc, char** argv) {
  InferOptions options;
  RawOptions raw;
  CLI::App app("Upscales a video by 4 in one diffusion step.", "oasis-infer");
  add_options(app, options, raw);
  if (!parse_command_line(app, "oasis-infer", argc, argv)) return std::nullopt;
  if (app.count("--json") > 0) options.json = raw.json;
  interpret(raw, options);
  return options;
}

}  // namespace oasis::tools
