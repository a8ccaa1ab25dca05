// Upscales one video by 4: options in, reader, model and writer joined, errors to exit codes.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common_loudness.h"
#include "infer_doctor.h"
#include "infer_model.h"
#include "infer_options.h"
#include "infer_report.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/core/memory.h"
#include "oasis/core/program.h"
#include "oasis/core/progress.h"
#include "oasis/core/version.h"
#include "oasis/infer/journal.h"
#include "oasis/infer/memory_plan.h"
#include "oasis/infer/thread_shares.h"
#include "oasis/media/video_reader.h"
#include "oasis/media/video_writer.h"

namespace oasis::tools {
namespace {

/// What of the options, the input and the model the result depends on.
infer::Journal::Facts facts_of(const InferOptions& options, const std::string& precision,
                               const media::VideoInfo& info, const infer::Size& output) {
  const auto& upscale = options.upscale;
  const auto& range = options.range;
  return {
      {"program", version()},
      {"input", std::filesystem::absolute(options.input).string()},
      {"state of the input", infer::file_state(options.input)},
      {"model", model_identity(options.model)},
      {"device", options.device},
      {"precision", precision},
      {"chunk", fmt::format("{}", upscale.chunk)},
      {"overlap", fmt::format("{}", upscale.overlap)},
      {"tile", fmt::format("{}x{}", upscale.tiles.tile.width, upscale.tiles.tile.height)},
      {"range", fmt::format("{}:{} {}-{}", range.first_frame, range.end_frame, range.first_second,
                            range.end_second)},
      {"source size", fmt::format("{}x{}", info.width, info.height)},
      {"output size", fmt::format("{}x{}", output.width, output.height)},
      {"codec", options.codec},
      {"crf", fmt::format("{}", options.crf)},
      {"part length", fmt::format("{}", options.part_frames)},
  };
}

media::WriterOptions writer_options(const InferOptions& options, const infer::RangedReader& frames,
                                    int threads) {
  media::WriterOptions result;
  result.codec = options.codec;
  result.crf = options.crf;
  result.overwrite = options.overwrite;
  result.threads = threads;
  result.source = options.input;
  result.range = frames.pts_range();
  return result;
}

/// Six tenths of what the host has free; a device says itself when it is full.
std::int64_t memory_budget(c10::Device device) {
  return device.is_cpu() ? infer::available_memory() / 10 * 6 : 0;
}

/// Starts or takes up the journal of `--resume`; without the option, tells of one that is there.
std::optional<infer::Journal> open_journal(const InferOptions& options,
                                           const infer::Journal::Facts& work,
                                           infer::UpscaleSettings& settings) {
  const auto folder = infer::Journal::folder_of(options.output);
  if (!options.resume) {
    if (std::filesystem::exists(folder / "journal.json")) {
      log::info("{} holds the parts of an interrupted run: --resume would go on from them",
                folder.string());
    }
    return std::nullopt;
  }
  infer::Journal journal(folder, work,
                         {{"memory budget", fmt::format("{}", settings.tiles.memory_budget)}});
  // The choice of tiles, and with it the result, must not depend on what is free today.
  settings.tiles.memory_budget = std::stoll(journal.settled("memory budget"));
  return journal;
}

std::unique_ptr<media::VideoWriter> open_writer(const InferOptions& options,
                                                media::WriterOptions writer_options,
                                                const media::VideoInfo& info,
                                                std::optional<infer::Journal>& journal,
                                                infer::UpscaleSettings& settings) {
  if (journal) {
    writer_options.parts = journal->folder();
    writer_options.part_frames = options.part_frames;
  }
  std::unique_ptr<media::VideoWriter> writer;
  try {
    writer = media::VideoWriter::create(options.output, writer_options, info,
                                        static_cast<int>(settings.output.width),
                                        static_cast<int>(settings.output.height));
  } catch (...) {
    if (journal && !journal->continues()) journal->remove();
    throw;
  }
  settings.skip = writer->frames_kept();
  if (journal && journal->continues()) {
    log::info("going on after {} frames that are done", settings.skip);
  } else if (journal) {
    log::info("nothing to go on from: starting anew, with finished parts kept in {}",
              journal->folder().string());
  }
  return writer;
}

/// Reads, upscales and writes everything; the output is complete afterwards.
infer::UpscaleReport run_frames(model::ClipModel& model, infer::RangedReader& frames,
                                media::VideoWriter& writer, std::optional<infer::Journal>& journal,
                                const infer::UpscaleSettings& settings) {
  // Speed and time to go are of what this run does itself.
  Progress progress("upscaling", "frames",
                    std::max<std::int64_t>(0, frames.expected_frames() - settings.skip));
  auto run = infer::upscale_frames(
      model, [&](media::Frame& frame) { return frames.next(frame); },
      [&](const media::Frame& frame) { writer.write(frame); }, settings,
      [&](std::int64_t done) { progress.update(done - settings.skip); });
  const auto start = std::chrono::steady_clock::now();
  throw_if_interrupted();
  writer.finish();
  if (journal) journal->remove();
  const std::chrono::duration<double> finishing = std::chrono::steady_clock::now() - start;
  run.times.write += finishing.count();
  run.times.wall += finishing.count();
  run.output = settings.output;
  progress.finish();
  return run;
}

/// Prints and writes the report; returns the exit code.
int conclude(const InferOptions& options, const InferReport& report) {
  log_report(report);
  if (options.json) write_json_report(report, *options.json);
  if (!report.damaged) return static_cast<int>(ExitCode::done);
  log::error("{}: the input was damaged; the {} frames that could be decoded are done",
             report.input, report.run.frames + report.run.skipped);
  return static_cast<int>(ExitCode::partly_decoded);
}

int upscale(const InferOptions& options) {
  const auto device = parse_device(options.device);
  const auto precision = parse_precision(options.precision, device);
  const auto shares = infer::share_threads(options.threads, options.model != "bicubic");
  keep_freed_memory();
  set_threads(shares.model);
  media::ReaderOptions reader_options;
  reader_options.threads = shares.reader;
  const auto reader = media::VideoReader::open(options.input, reader_options);
  const media::VideoInfo& info = reader->info();
  const infer::Size source{info.width, info.height};
  infer::UpscaleSettings settings = options.upscale;
  settings.output = infer::output_size(source, options.size);
  const auto model = open_model(options.model, device, precision);
  settings.tiles.memory_budget = memory_budget(device);
  infer::RangedReader frames(*reader, options.range);
  auto journal = open_journal(
      options, facts_of(options, precision_name(precision), info, settings.output), settings);
  const auto writer =
      open_writer(options, writer_options(options, frames, shares.writer), info, journal, settings);
  log::info("{} ({}x{}) -> {} ({}x{}, {}) with {} on {}", options.input.string(), source.width,
            source.height, options.output.string(), settings.output.width, settings.output.height,
            writer->codec(), model->description(), device.str());
  const auto run = run_frames(*model, frames, *writer, journal, settings);

  InferReport report{options.input.string(),
                     options.output.string(),
                     model->description(),
                     device.str(),
                     precision_name(precision),
                     writer->codec(),
                     source,
                     run,
                     reader->damaged(),
                     reader->warnings()};
  for (const auto& warning : writer->warnings()) report.warnings.push_back(warning);
  return conclude(options, report);
}

int run(int argc, char** argv) {
  const auto options = parse_infer_options(argc, argv);
  if (!options) return 0;
  set_loudness(options->quiet, options->verbose);
  if (options->doctor) return run_doctor(*options);
  install_interrupt_handlers();
  return upscale(*options);
}

}  // namespace
}  // namespace oasis::tools

int main(int argc, char** argv) {
  return oasis::run_program([&] { return oasis::tools::run(argc, argv); },
                            "choose a smaller --chunk or --tile");
}
