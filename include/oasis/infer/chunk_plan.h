#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace oasis::infer {

struct ChunkSettings {
  std::int64_t length = 33;     ///< frames of a full chunk; `frame_step * n + 1`
  std::int64_t overlap = 8;     ///< frames shared with the chunk before; at most half of `length`
  std::int64_t frame_step = 4;  ///< lengths a model takes are `frame_step * n + 1`
};

/// A stretch of the video that the model sees as one clip. Frames count from 0 at the first frame
/// read.
struct Chunk {
  std::int64_t first = 0;    ///< its first frame
  std::int64_t count = 0;    ///< real frames
  std::int64_t padded = 0;   ///< frames given to the model: `count`, then the last one repeated
  std::int64_t overlap = 0;  ///< leading frames that the chunk before also covers; 0: a fresh start

  std::int64_t end() const { return first + count; }
  bool operator==(const Chunk&) const = default;
};

/// Smallest `frame_step * n + 1` that holds `count` frames, `count` >= 1.
std::int64_t padded_length(std::int64_t count, std::int64_t frame_step);

/// Cuts a video of any length into chunks while it is being read. Within a scene each chunk starts
/// `length - overlap` frames after the one before, the last one takes what is left; at a scene cut
/// a chunk ends and the next starts afresh, so that no chunk crosses a cut and nothing is blended
/// over one.
class ChunkPlanner {
 public:
  /// Throws `oasis::Error` (usage) if the length is not `frame_step * n + 1` or the overlap is
  /// negative or more than half of the length.
  explicit ChunkPlanner(const ChunkSettings& settings);

  /// One more frame exists; `cut_before`: it starts a scene. Returns the chunks that are complete
  /// now, in order: none, one or two.
  std::vector<Chunk> push(bool cut_before);

  /// The video is over: the last chunk, if frames are left that no chunk covers.
  std::optional<Chunk> finish();

 private:
  std::optional<Chunk> close_scene();
  Chunk make_chunk() const;

  ChunkSettings settings_;
  std::int64_t frames_ = 0;       ///< frames pushed
  std::int64_t chunk_first_ = 0;  ///< first frame of the open chunk
  std::int64_t covered_ = 0;      ///< frames before this one are in a finished chunk
};

/// The same plan for a video whose length and cuts (first frames of scenes, ascending) are known.
std::vector<Chunk> plan_chunks(std::int64_t frames, const std::vector<std::int64_t>& cuts,
                               const ChunkSettings& settings);

}  // namespace oasis::infer
