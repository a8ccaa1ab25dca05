#include "oasis/infer/chunk_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "oasis/core/error.h"

namespace oasis::infer {

std::int64_t padded_length(std::int64_t count, std::int64_t frame_step) {
  return (count - 1 + frame_step - 1) / frame_step * frame_step + 1;
}

ChunkPlanner::ChunkPlanner(const ChunkSettings& settings) : settings_(settings) {
  if (settings.frame_step < 1) {
    throw Error(ExitCode::usage, fmt::format("frame step {} is not positive", settings.frame_step));
  }
  if (settings.length < 1 ||
      padded_length(settings.length, settings.frame_step) != settings.length) {
    throw Error(ExitCode::usage,
                fmt::format("a chunk of {} frames does not suit the model: choose {} * n + 1",
                            settings.length, settings.frame_step));
  }
  if (settings.overlap < 0 || 2 * settings.overlap > settings.length) {
    throw Error(ExitCode::usage, fmt::format("an overlap of {} frames does not suit chunks of {}: "
                                             "choose from 0 to half the chunk",
                                             settings.overlap, settings.length));
  }
}

std::vector<Chunk> ChunkPlanner::push(bool cut_before) {
  std::vector<Chunk> done;
  if (cut_before) {
    if (const auto last = close_scene()) done.push_back(*last);
  }
  ++frames_;
  if (frames_ - chunk_first_ == settings_.length) {
    done.push_back(make_chunk());
    covered_ = frames_;
    chunk_first_ = frames_ - settings_.overlap;
  }
  return done;
}

std::optional<Chunk> ChunkPlanner::finish() { return close_scene(); }

std::optional<Chunk> ChunkPlanner::close_scene() {
  std::optional<Chunk> last;
  if (covered_ < frames_) last = make_chunk();
  covered_ = frames_;
  chunk_first_ = frames_;
  return last;
}

Chunk ChunkPlanner::make_chunk() const {
  const std::int64_t count = frames_ - chunk_first_;
  return {chunk_first_, count, padded_length(count, settings_.frame_step),
          std::max<std::int64_t>(0, covered_ - chunk_first_)};
}

std::vector<Chunk> plan_chunks(std::int64_t frames, const std::vector<std::int64_t>& cuts,
                               const ChunkSettings& settings) {
  ChunkPlanner planner(settings);
  std::vector<Chunk> plan;
  for (std::int64_t frame = 0; frame < frames; ++frame) {
    const bool cut = std::find(cuts.begin(), cuts.end(), frame) != cuts.end();
    for (const Chunk& chunk : planner.push(cut)) plan.push_back(chunk);
  }
  if (const auto last = planner.finish()) plan.push_back(*last);
  return plan;
}

}  // namespace oasis::infer
