#include "oasis/data/clip_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <optional>
#include <thread>

#include "data/media/index_cache.h"
#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/media/image_io.h"
#include "oasis/media/scene_cut.h"
#include "oasis/media/video_reader.h"

namespace oasis::data {
namespace {

namespace fs = std::filesystem;

bool has_extension(const fs::path& path, std::initializer_list<const char*> endings) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return std::any_of(endings.begin(), endings.end(),
                     [&](const char* ending) { return extension == ending; });
}

bool is_photo(const fs::path& path) {
  return has_extension(path, {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"});
}

bool is_video(const fs::path& path) {
  return has_extension(path, {".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v", ".mpg", ".mpeg",
                              ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".ogv", ".3gp", ".y4m"});
}

std::vector<fs::path> list_file(const fs::path& list) {
  std::vector<fs::path> files;
  std::ifstream stream(list);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty() && line.front() != '#') files.push_back(list.parent_path() / line);
  }
  return files;
}

std::vector<fs::path> find_files(const fs::path& source, bool stills) {
  std::vector<fs::path> files;
  if (fs::is_directory(source)) {
    for (const auto& entry : fs::recursive_directory_iterator(source)) {
      if (!entry.is_regular_file()) continue;
      if (is_video(entry.path()) || (stills && is_photo(entry.path()))) {
        files.push_back(entry.path());
      }
    }
  } else if (has_extension(source, {".txt", ".lst", ".csv"})) {
    files = list_file(source);
  } else if (fs::exists(source)) {
    files.push_back(source);
  } else {
    throw Error(ExitCode::usage,
                fmt::format("{}: there is no such folder, list or file", source.string()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

Found look_at_photo(const fs::path& path) {
  const media::Image image = media::read_image(path);
  return {Clip{path, image.frame.width, image.frame.height, 1, true, {}}, std::nullopt};
}

// Decodes every frame once.
Found look_at_video(const fs::path& path, bool pass_hdr) {
  media::ReaderOptions reading;
  reading.threads = 1;
  reading.allow_hdr = true;
  const auto reader = media::VideoReader::open(path, reading);
  const int transfer = reader->info().color.transfer;
  if (!pass_hdr && (transfer == 16 || transfer == 18)) {
    return {Clip{path, 0, 0, 0, false, {}},
            ClipProblem{path, ClipProblem::Kind::hdr, transfer == 16 ? "PQ" : "HLG"}};
  }
  Clip clip{path, reader->info().width, reader->info().height, 0, false, {}};
  media::SceneCutDetector detector;
  media::Frame frame;
  std::int64_t asked = 0;
  const auto note = [&](std::optional<bool> starts) {
    if (!starts) return;
    if (*starts && asked > 0) clip.cuts.push_back(asked);
    ++asked;
  };
  while (reader->next(frame)) {
    throw_if_interrupted();
    note(detector.push(frame));
    ++clip.frames;
  }
  note(detector.finish());
  if (!reader->damaged()) return {clip, std::nullopt};
  return {clip, ClipProblem{path, ClipProblem::Kind::damaged,
                            fmt::format("only {} frames can be decoded", clip.frames)}};
}

Found look_at(const fs::path& path, bool pass_hdr) {
  try {
    return is_photo(path) ? look_at_photo(path) : look_at_video(path, pass_hdr);
  } catch (const Error& error) {
    if (error.code() != ExitCode::unreadable_input) throw;
    return {Clip{path, 0, 0, 0, false, {}},
            ClipProblem{path, ClipProblem::Kind::unreadable, error.what()}};
  }
}

std::optional<ClipProblem> refuse(const Clip& clip, const IndexOptions& options) {
  if (clip.width < options.least_width || clip.height < options.least_height) {
    return ClipProblem{clip.path, ClipProblem::Kind::too_small,
                       fmt::format("{}x{}, at least {}x{} are needed", clip.width, clip.height,
                                   options.least_width, options.least_height)};
  }
  if (!clip.still && clip.frames < options.least_frames) {
    return ClipProblem{
        clip.path, ClipProblem::Kind::too_short,
        fmt::format("{} frames, at least {} are needed", clip.frames, options.least_frames)};
  }
  return std::nullopt;
}

}  // namespace

std::string to_string(ClipProblem::Kind kind) {
  constexpr std::array names = {"unreadable", "damaged", "too short", "too small", "HDR"};
  return names[static_cast<std::size_t>(kind)];
}

ClipIndex index_clips(const fs::path& source, const IndexOptions& options, const fs::path& cache) {
  const std::vector<fs::path> files = find_files(source, options.stills);
  IndexCache known(cache, options.pass_hdr);
  std::vector<Found> found(files.size());
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    for (std::size_t i = next++; i < files.size(); i = next++) {
      try {
        const auto cached = known.find(files[i]);
        found[i] = cached ? *cached : look_at(files[i], options.pass_hdr);
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
        next = files.size();
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < std::max(options.threads, 1); ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
  known.save(found);

  ClipIndex index;
  for (const Found& each : found) {
    if (each.problem) {
      index.problems.push_back(*each.problem);
    } else if (const auto problem = refuse(each.clip, options)) {
      index.problems.push_back(*problem);
    } else {
      index.clips.push_back(each.clip);
    }
  }
  return index;
}

std::vector<std::pair<std::int64_t, std::int64_t>> scenes_of(const Clip& clip) {
  std::vector<std::pair<std::int64_t, std::int64_t>> scenes;
  std::int64_t first = 0;
  for (const std::int64_t cut : clip.cuts) {
    scenes.emplace_back(first, cut - first);
    first = cut;
  }
  scenes.emplace_back(first, clip.frames - first);
  return scenes;
}

}  // namespace oasis::data
