#pragma once

#include <cstdint>
#include <vector>

#include "av_handles.h"
#include "codec_choice.h"
#include "oasis/media/frame.h"

namespace oasis::media {

/// Turns float RGB into pictures of an encoder's pixel format, rounded once.
class FrameExporter {
 public:
  FrameExporter(const CodecChoice& choice, int width, int height, int threads);

  /// A picture to hand to the encoder; valid until the next call. `pts` is left to the caller.
  AVFrame* export_frame(const Frame& frame);

 private:
  void export_packed(const Frame& frame);

  CodecChoice choice_;
  int threads_;
  FrameHandle picture_;
  std::vector<float> scratch_;
  std::vector<std::uint8_t> samples_[3];
};

}  // namespace oasis::media
