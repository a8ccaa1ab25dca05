#pragma once

#include <cstdint>
#include <vector>

namespace oasis::metrics {

/// DOVER's choice of frames (`UnifiedFrameSampler`): `num_clips` times, the video is cut into
/// `fragments_t` segments and `fsize_t` frames are taken from each, `frame_interval` apart. The
/// frame rate does not matter.
struct DoverSampler {
  std::int64_t fsize_t = 32;        ///< frames per segment
  std::int64_t fragments_t = 3;     ///< segments
  std::int64_t frame_interval = 2;  ///< frames
  std::int64_t num_clips = 1;

  /// The technical branch: 3 clips of 32 frames.
  static DoverSampler technical() { return {32, 3, 2, 1}; }
  /// The aesthetic branch: 32 single frames.
  static DoverSampler aesthetic() { return {1, 32, 2, 1}; }

  /// A segment's start is drawn from [0, this); 0: there is no room, and it stays at 0.
  std::int64_t room(std::int64_t num_frames) const;

  /// The frames, wrapped at the end of the video: `num_clips` times `fragments_t` times `fsize_t`.
  /// `offsets`: the drawn starts `[num_clips, fragments_t]`, or empty for 0. Throws `oasis::Error`
  /// for an empty video or another number of offsets.
  std::vector<std::int64_t> indices(std::int64_t num_frames,
                                    const std::vector<std::int64_t>& offsets = {}) const;
};

}  // namespace oasis::metrics
