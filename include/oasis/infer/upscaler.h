#pragma once

#include <cstdint>
#include <functional>

#include "oasis/infer/clip_upscaler.h"
#include "oasis/infer/tile_plan.h"
#include "oasis/media/frame.h"
#include "oasis/model/clip_model.h"

namespace oasis::infer {

struct UpscaleSettings {
  std::int64_t chunk = 33;   ///< frames; see `ChunkSettings::length`
  std::int64_t overlap = 8;  ///< frames
  TileSettings tiles;
  Size output;             ///< size of the result; 0: 4 times the source
  bool scene_cuts = true;  ///< end chunks at scene cuts
  int queue_frames = 4;    ///< frames that may wait between two stages
  std::int64_t skip = 0;   ///< leading frames that are done already and not delivered
};

/// Time that each stage worked, without waiting for the others, in seconds. The stages run at the
/// same time: the sum may exceed `wall`.
struct StageTimes {
  double read = 0;
  double model = 0;    ///< all of the model's thread: the next three, tiles, blending, resizing
  double project = 0;  ///< these three are 0 for a model without such stages
  double dit = 0;
  double decode = 0;
  double write = 0;
  double wall = 0;
};

struct UpscaleReport {
  std::int64_t frames = 0;   ///< delivered
  std::int64_t skipped = 0;  ///< read, but done before
  std::int64_t chunks = 0;
  std::int64_t scene_cuts = 0;
  std::int64_t tiles = 0;  ///< per frame, of the last chunk
  Size output;
  StageTimes times;
};

/// Gives the next frame (into memory that may be reused), false at the end. Called on a thread of
/// its own.
using FrameSource = std::function<bool(media::Frame&)>;

/// Takes a finished frame, values in [0, 1], with the times of the source frame. Called on a thread
/// of its own, in order.
using FrameSink = std::function<void(const media::Frame&)>;

/// Called on the calling thread with the number of frames that are done or were handed to the
/// sink's queue.
using FrameProgress = std::function<void(std::int64_t)>;

/// Upscales a stream of frames of one size. Reading, model and writing run at the same time with
/// short queues between them; what is held is bounded by the chunk, not by the length of the video.
/// Models that look at one pixel's surroundings only (`per_pixel_local`) get neither tiles nor
/// overlaps: their result doesn't depend on those settings.
///
/// With `skip` the first frames are read, because scene cuts and chunks follow from them, but
/// chunks of which no frame is wanted are not given to the model. The frames delivered are those of
/// a run without `skip`.
///
/// What source, sink or model throw reaches the caller, after the other threads have ended. Between
/// chunks and in waits a pending signal ends the work with `oasis::Error` (interrupted,
/// terminated). Throws `oasis::Error` (unreadable_input) when the size changes on the way, and
/// whatever `ChunkPlanner` and `ClipUpscaler` throw.
UpscaleReport upscale_frames(model::ClipModel& model, const FrameSource& source,
                             const FrameSink& sink, const UpscaleSettings& settings,
                             const FrameProgress& progress = {});

}  // namespace oasis::infer
