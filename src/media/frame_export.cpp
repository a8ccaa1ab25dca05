#include "frame_export.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <fmt/format.h>

#include "oasis/core/error.h"
#include "oasis/media/color_conversion.h"

namespace oasis::media {
namespace {

/// R, G, B bytes or big-endian pairs one after the other, or B, G, R and an unused byte.
void pack_row(AVPixelFormat format, const std::uint8_t* const rows[3], int width,
              std::uint8_t* out) {
  for (int x = 0; x < width; ++x) {
    for (int channel = 0; channel < 3; ++channel) {
      if (format == AV_PIX_FMT_RGB48BE) {
        const int code = reinterpret_cast<const std::uint16_t*>(rows[channel])[x];
        out[6 * x + 2 * channel] = static_cast<std::uint8_t>(code >> 8);
        out[6 * x + 2 * channel + 1] = static_cast<std::uint8_t>(code & 255);
      } else if (format == AV_PIX_FMT_BGR0) {
        out[4 * x + 2 - channel] = rows[channel][x];
      } else {
        out[3 * x + channel] = rows[channel][x];
      }
    }
    if (format == AV_PIX_FMT_BGR0) out[4 * x + 3] = 255;
  }
}

bool is_packed(AVPixelFormat format) {
  return format == AV_PIX_FMT_RGB48BE || format == AV_PIX_FMT_BGR0 || format == AV_PIX_FMT_RGB24;
}

PlanarPicture planar_picture(const CodecChoice& choice, const AVPixFmtDescriptor& descriptor,
                             const AVFrame& picture) {
  PlanarPicture planar;
  planar.width = picture.width;
  planar.height = picture.height;
  planar.depth = descriptor.comp[0].depth;
  planar.matrix = choice.color.matrix;
  planar.full_range = choice.color.full_range;
  planar.gray = descriptor.nb_components < 3;
  planar.log2_chroma_width = descriptor.log2_chroma_w;
  planar.log2_chroma_height = descriptor.log2_chroma_h;
  planar.chroma_location = choice.chroma_location;
  return planar;
}

}  // namespace

FrameExporter::FrameExporter(const CodecChoice& choice, int width, int height, int threads)
    : choice_(choice), threads_(threads), picture_(new_frame()) {
  picture_->format = choice.pixel_format;
  picture_->width = width;
  picture_->height = height;
  picture_->color_range = choice.color.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  picture_->colorspace = static_cast<AVColorSpace>(choice.color.matrix);
  picture_->color_primaries = static_cast<AVColorPrimaries>(choice.color.primaries);
  picture_->color_trc = static_cast<AVColorTransferCharacteristic>(choice.color.transfer);
  picture_->chroma_location = static_cast<AVChromaLocation>(choice.chroma_location);
  if (av_frame_get_buffer(picture_.get(), 0) < 0) {
    throw Error(ExitCode::out_of_memory,
                fmt::format("not enough memory for a picture of {}x{}", width, height));
  }
}

void FrameExporter::export_packed(const Frame& frame) {
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(choice_.pixel_format);
  PlanarPicture planar = planar_picture(choice_, *descriptor, *picture_);
  planar.matrix = 0;
  const std::size_t row_bytes =
      static_cast<std::size_t>(frame.width) * (planar.depth > 8 ? 2u : 1u);
  for (int channel = 0; channel < 3; ++channel) {
    samples_[channel].resize(row_bytes * static_cast<std::size_t>(frame.height));
    planar.planes[channel] = {samples_[channel].data(), static_cast<std::ptrdiff_t>(row_bytes)};
  }
  from_rgb(frame, planar, scratch_, threads_);
  for (int y = 0; y < frame.height; ++y) {
    const std::size_t at = static_cast<std::size_t>(y) * row_bytes;
    const std::uint8_t* rows[3] = {samples_[0].data() + at, samples_[1].data() + at,
                                   samples_[2].data() + at};
    pack_row(choice_.pixel_format, rows, frame.width,
             picture_->data[0] + static_cast<std::ptrdiff_t>(y) * picture_->linesize[0]);
  }
}

AVFrame* FrameExporter::export_frame(const Frame& frame) {
  // The encoder may still hold the last picture's buffers.
  if (av_frame_make_writable(picture_.get()) < 0) {
    throw Error(ExitCode::out_of_memory, "not enough memory for a picture to encode");
  }
  if (is_packed(choice_.pixel_format)) {
    export_packed(frame);
    return picture_.get();
  }
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(choice_.pixel_format);
  PlanarPicture planar = planar_picture(choice_, *descriptor, *picture_);
  for (int c = 0; c < (planar.gray ? 1 : 3); ++c) {
    const int plane = descriptor->comp[c].plane;
    planar.planes[c] = {picture_->data[plane], picture_->linesize[plane]};
  }
  from_rgb(frame, planar, scratch_, threads_);
  return picture_.get();
}

}  // namespace oasis::media
