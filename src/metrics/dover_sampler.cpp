#include "oasis/metrics/dover_sampler.h"

#include <fmt/format.h>

#include "oasis/core/error.h"

namespace oasis::metrics {

std::int64_t DoverSampler::room(std::int64_t num_frames) const {
  const std::int64_t rest = num_frames / fragments_t - fsize_t * frame_interval;
  return rest > 0 ? rest : 0;
}

std::vector<std::int64_t> DoverSampler::indices(std::int64_t num_frames,
                                                const std::vector<std::int64_t>& offsets) const {
  const std::int64_t starts = num_clips * fragments_t;
  if (num_frames < 1 || (!offsets.empty() && static_cast<std::int64_t>(offsets.size()) != starts)) {
    throw Error(
        fmt::format("DOVER's sampler: {} frames and {} offsets; it needs a frame and {} "
                    "offsets or none",
                    num_frames, offsets.size(), starts));
  }
  const std::int64_t segment = num_frames / fragments_t;
  std::vector<std::int64_t> frames;
  for (std::int64_t i = 0; i < starts; ++i) {
    const std::int64_t offset = offsets.empty() ? 0 : offsets[static_cast<std::size_t>(i)];
    const std::int64_t first = i % fragments_t * segment + offset;
    for (std::int64_t j = 0; j < fsize_t; ++j) {
      frames.push_back((first + j * frame_interval) % num_frames);
    }
  }
  return frames;
}

}  // namespace oasis::metrics
