// Upscales one video by 4: options in, reader, model and writer joined, errors to exit codes.

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <chrono>
#include <new>

#include "infer_doctor.h"
#include "infer_model.h"
#include "infer_options.h"
#include "infer_report.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/core/log.h"
#include "oasis/core/memory.h"
#include "oasis/core/progress.h"
#include "oasis/infer/memory_plan.h"
#include "oasis/media/video_reader.h"
#include "oasis/media/video_writer.h"

namespace oasis::tools {
namespace {

media::WriterOptions writer_options(const InferOptions& options,
                                    const infer::RangedReader& frames) {
  media::WriterOptions result;
  result.codec = options.codec;
  result.crf = options.crf;
  result.overwrite = options.overwrite;
  result.threads = options.threads;
  result.source = options.input;
  result.range = frames.pts_range();
  return result;
}

/// Six tenths of what the host has free; a device says itself when it is full.
std::int64_t memory_budget(c10::Device device) {
  return device.is_cpu() ? infer::available_memory() / 10 * 6 : 0;
}

int upscale(const InferOptions& options) {
  const auto device = parse_device(options.device);
  const auto precision = parse_precision(options.precision, device);
  keep_freed_memory();
  set_threads(options.threads);
  media::ReaderOptions reader_options;
  reader_options.threads = options.threads;
  const auto reader = media::VideoReader::open(options.input, reader_options);
  const infer::Size source{reader->info().width, reader->info().height};
  infer::UpscaleSettings settings = options.upscale;
  settings.output = infer::output_size(source, options.size);
  settings.tiles.memory_budget = memory_budget(device);
  const auto model = open_model(options.model, device, precision);
  infer::RangedReader frames(*reader, options.range);
  const auto writer = media::VideoWriter::create(
      options.output, writer_options(options, frames), reader->info(),
      static_cast<int>(settings.output.width), static_cast<int>(settings.output.height));
  log::info("{} ({}x{}) -> {} ({}x{}, {}) with {} on {}", options.input.string(), source.width,
            source.height, options.output.string(), settings.output.width, settings.output.height,
            writer->codec(), model->description(), device.str());

  Progress progress("upscaling", "frames", frames.expected_frames());
  auto run = infer::upscale_frames(
      *model, [&](media::Frame& frame) { return frames.next(frame); },
      [&](const media::Frame& frame) { writer->write(frame); }, settings,
      [&](std::int64_t done) { progress.update(done); });
  const auto start = std::chrono::steady_clock::now();
  throw_if_interrupted();
  writer->finish();
  const std::chrono::duration<double> finishing = std::chrono::steady_clock::now() - start;
  run.times.write += finishing.count();
  run.times.wall += finishing.count();
  progress.finish();

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
  log_report(report);
  if (options.json) write_json_report(report, *options.json);
  if (!report.damaged) return static_cast<int>(ExitCode::done);
  log::error("{}: the input was damaged; the {} frames that could be decoded are done",
             options.input.string(), run.frames);
  return static_cast<int>(ExitCode::partly_decoded);
}

int run(int argc, char** argv) {
  const auto options = parse_infer_options(argc, argv);
  if (!options) return 0;
  if (options->verbose) log::set_level(log::Level::debug);
  if (options->quiet) log::set_level(log::Level::warn);
  Progress::silence(options->quiet);
  if (options->doctor) return run_doctor(*options);
  install_interrupt_handlers();
  return upscale(*options);
}

int fail(ExitCode code, const std::string& message) {
  log::error("{}", message.substr(0, message.find('\n')));
  return static_cast<int>(code);
}

}  // namespace
}  // namespace oasis::tools

int main(int argc, char** argv) {
  using oasis::ExitCode;
  using oasis::tools::fail;
  try {
    return oasis::tools::run(argc, argv);
  } catch (const oasis::Error& error) {
    return fail(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(ExitCode::out_of_memory, "not enough memory: choose a smaller --chunk or --tile");
  } catch (const c10::Error& error) {
    return fail(ExitCode::failed, error.what_without_backtrace());
  } catch (const std::exception& error) {
    return fail(ExitCode::failed, error.what());
  }
}
