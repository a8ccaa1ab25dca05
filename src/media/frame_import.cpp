#include "frame_import.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "oasis/core/error.h"
#include "oasis/media/color_conversion.h"

namespace oasis::media {
namespace {

const AVPixFmtDescriptor& descriptor_of(int format) {
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(format));
  if (descriptor == nullptr) {
    throw Error(ExitCode::unreadable_input, "the video has an unknown pixel format");
  }
  return *descriptor;
}

bool is_palette(const AVPixFmtDescriptor& descriptor) {
  return (descriptor.flags & AV_PIX_FMT_FLAG_PAL) != 0;
}

bool is_rgb(const AVPixFmtDescriptor& descriptor) {
  return (descriptor.flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
}

bool is_gray(const AVPixFmtDescriptor& descriptor) {
  return descriptor.nb_components < 3 && !is_palette(descriptor);
}

bool is_full_range_by_format(int format) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P:
      return true;
    default:
      return false;
  }
}

/// Codecs of single pictures, whose gray samples use the full range.
bool is_still_codec(AVCodecID codec) {
  return codec == AV_CODEC_ID_PNG || codec == AV_CODEC_ID_BMP || codec == AV_CODEC_ID_TIFF ||
         codec == AV_CODEC_ID_PGM || codec == AV_CODEC_ID_PAM || codec == AV_CODEC_ID_MJPEG ||
         codec == AV_CODEC_ID_GIF || codec == AV_CODEC_ID_JPEG2000;
}

bool palette_has_alpha(const AVFrame& picture) {
  for (int i = 0; i < 256; ++i) {
    std::uint32_t entry = 0;
    std::memcpy(&entry, picture.data[1] + 4 * i, 4);
    // Entries that no pixel uses are often zero.
    if (entry != 0 && (entry >> 24) != 255) return true;
  }
  return false;
}

PixelLayout layout_of(const AVPixFmtDescriptor& descriptor) {
  if (is_rgb(descriptor)) return PixelLayout::rgb;
  if (is_gray(descriptor)) return PixelLayout::gray;
  if (descriptor.log2_chroma_w == 0 && descriptor.log2_chroma_h == 0) return PixelLayout::yuv444;
  if (descriptor.log2_chroma_w == 1 && descriptor.log2_chroma_h == 0) return PixelLayout::yuv422;
  return PixelLayout::yuv420;
}

/// Formats whose components cannot be read as integers of up to 16 bits one by one.
bool needs_scaler(int format, const AVPixFmtDescriptor& descriptor) {
  constexpr auto odd = AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_BAYER | AV_PIX_FMT_FLAG_BITSTREAM;
  return (descriptor.flags & odd) != 0 || format == AV_PIX_FMT_XYZ12LE ||
         format == AV_PIX_FMT_XYZ12BE;
}

bool is_planar_float(int format) {
  return format == AV_PIX_FMT_GBRPF32 || format == AV_PIX_FMT_GBRAPF32 ||
         format == AV_PIX_FMT_GRAYF32;
}

/// Float samples need no conversion: `swscale` would keep no more than 12 bits of them.
void copy_floats(const AVFrame& picture, const AVPixFmtDescriptor& descriptor, Frame& frame) {
  frame.resize(picture.width, picture.height);
  for (int channel = 0; channel < 3; ++channel) {
    const int plane = descriptor.comp[is_gray(descriptor) ? 0 : channel].plane;
    for (int y = 0; y < picture.height; ++y) {
      std::memcpy(frame.plane(channel) + static_cast<std::ptrdiff_t>(y) * picture.width,
                  picture.data[plane] + static_cast<std::ptrdiff_t>(y) * picture.linesize[plane],
                  sizeof(float) * static_cast<std::size_t>(picture.width));
    }
  }
}

/// One plane per component, whole native samples: readable in place.
bool readable_in_place(const AVPixFmtDescriptor& descriptor) {
  const int depth = descriptor.comp[0].depth;
  const int bytes = depth > 8 ? 2 : 1;
  if (is_palette(descriptor) || (depth > 8 && (descriptor.flags & AV_PIX_FMT_FLAG_BE) != 0)) {
    return false;
  }
  const int components = is_gray(descriptor) ? 1 : 3;
  for (int c = 0; c < components; ++c) {
    const AVComponentDescriptor& component = descriptor.comp[c];
    if (component.step != bytes || component.shift != 0 || component.offset != 0 ||
        component.depth != depth) {
      return false;
    }
  }
  return true;
}

/// Everything but the planes. `stored`: the picture is as the decoder gave it.
PlanarPicture without_planes(const AVFrame& picture, const PictureKind& kind, bool stored) {
  const AVPixFmtDescriptor& descriptor = descriptor_of(picture.format);
  PlanarPicture planar;
  planar.width = picture.width;
  planar.height = picture.height;
  planar.gray = is_gray(descriptor);
  planar.depth = is_palette(descriptor) ? 8 : descriptor.comp[0].depth;
  planar.matrix = is_rgb(descriptor) ? 0 : kind.color.matrix;
  planar.full_range = kind.color.full_range;
  planar.limited_rgb = planar.matrix == 0 && !kind.color.full_range && stored;
  if (!is_rgb(descriptor)) {
    planar.log2_chroma_width = descriptor.log2_chroma_w;
    planar.log2_chroma_height = descriptor.log2_chroma_h;
  }
  planar.chroma_location = kind.chroma_location;
  return planar;
}

/// For formats that are readable in place.
void point_at_planes(const AVFrame& picture, PlanarPicture& planar) {
  const AVPixFmtDescriptor& descriptor = descriptor_of(picture.format);
  for (int c = 0; c < (planar.gray ? 1 : 3); ++c) {
    const int plane = descriptor.comp[c].plane;
    planar.planes[c] = {picture.data[plane], picture.linesize[plane]};
  }
}

/// Reads one component of any integer format into native samples of `depth` bits.
void unpack_component(const AVFrame& picture, const AVPixFmtDescriptor& descriptor, int component,
                      int columns, int rows, int depth, std::vector<std::uint8_t>& samples) {
  const std::size_t bytes = depth > 8 ? 2 : 1;
  samples.resize(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows) * bytes);
  std::vector<std::uint16_t> line(static_cast<std::size_t>(columns));
  const unsigned stored_top = (1u << descriptor.comp[component].depth) - 1;
  const unsigned top = (1u << depth) - 1;
  const std::uint8_t* data[4] = {picture.data[0], picture.data[1], picture.data[2],
                                 picture.data[3]};
  for (int y = 0; y < rows; ++y) {
    av_read_image_line2(line.data(), data, picture.linesize, &descriptor, 0, y, component, columns,
                        0, 2);
    if (stored_top != top) {
      for (auto& value : line) {
        value = static_cast<std::uint16_t>((value * top + stored_top / 2) / stored_top);
      }
    }
    const std::size_t at = static_cast<std::size_t>(y) * line.size();
    if (bytes == 2) {
      std::memcpy(samples.data() + at * 2, line.data(), line.size() * 2);
    } else {
      for (std::size_t x = 0; x < line.size(); ++x) {
        samples[at + x] = static_cast<std::uint8_t>(line[x]);
      }
    }
  }
}

}  // namespace

PictureKind picture_kind(const AVFrame& picture, const AVCodecParameters& parameters) {
  const AVPixFmtDescriptor& descriptor = descriptor_of(picture.format);
  PictureKind kind;
  kind.layout = layout_of(descriptor);
  kind.bit_depth = is_palette(descriptor) ? 8 : std::min(descriptor.comp[0].depth, 16);
  if (kind.bit_depth < 8) kind.bit_depth = 8;
  kind.has_alpha = is_palette(descriptor) ? palette_has_alpha(picture)
                                          : (descriptor.flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
  kind.chroma_location = picture.chroma_location != AVCHROMA_LOC_UNSPECIFIED
                             ? picture.chroma_location
                             : parameters.chroma_location;
  const auto pick = [](int first, int second) { return first != 2 ? first : second; };
  kind.color.primaries = pick(picture.color_primaries, parameters.color_primaries);
  kind.color.transfer = pick(picture.color_trc, parameters.color_trc);
  const int range =
      picture.color_range != AVCOL_RANGE_UNSPECIFIED ? picture.color_range : parameters.color_range;
  if (kind.layout == PixelLayout::rgb) {
    kind.color.matrix = 0;
    kind.color.full_range = range != AVCOL_RANGE_MPEG;
    return kind;
  }
  kind.color.matrix = pick(picture.colorspace, parameters.color_space);
  if (kind.color.matrix == 2 || kind.color.matrix == 0 || kind.color.matrix == 3) {
    const bool high = picture.height >= 720 || picture.width >= 1280;
    kind.color.matrix = high ? 1 : (picture.height == 576 || picture.height == 288 ? 5 : 6);
    kind.matrix_guessed = kind.layout != PixelLayout::gray;
  }
  if (is_full_range_by_format(picture.format)) {
    kind.color.full_range = true;
  } else if (range == AVCOL_RANGE_UNSPECIFIED) {
    kind.color.full_range = kind.layout == PixelLayout::gray && is_still_codec(parameters.codec_id);
    kind.range_guessed = !is_still_codec(parameters.codec_id);
  } else {
    kind.color.full_range = range == AVCOL_RANGE_JPEG;
  }
  kind.color.guessed = kind.matrix_guessed || kind.range_guessed;
  return kind;
}

const AVFrame& FrameImporter::in_plain_format(const AVFrame& picture) {
  const AVPixFmtDescriptor& descriptor = descriptor_of(picture.format);
  if (!needs_scaler(picture.format, descriptor)) return picture;
  const AVPixelFormat target = is_gray(descriptor) ? AV_PIX_FMT_GRAY16 : AV_PIX_FMT_GBRP16;
  if (!converted_ || converted_->format != target || converted_->width != picture.width ||
      converted_->height != picture.height) {
    converted_ = new_frame();
    converted_->format = target;
    converted_->width = picture.width;
    converted_->height = picture.height;
    av_frame_get_buffer(converted_.get(), 0);
  }
  scaler_.reset(sws_getCachedContext(scaler_.release(), picture.width, picture.height,
                                     static_cast<AVPixelFormat>(picture.format), picture.width,
                                     picture.height, target, SWS_BICUBIC | SWS_ACCURATE_RND,
                                     nullptr, nullptr, nullptr));
  if (!scaler_ || sws_scale(scaler_.get(), picture.data, picture.linesize, 0, picture.height,
                            converted_->data, converted_->linesize) < 0) {
    throw Error(
        ExitCode::unreadable_input,
        fmt::format("pixel format {} cannot be converted; convert the video to yuv420p first",
                    descriptor.name));
  }
  return *converted_;
}

void FrameImporter::unpack_palette(const AVFrame& picture) {
  const std::size_t columns = static_cast<std::size_t>(picture.width);
  const std::size_t rows = static_cast<std::size_t>(picture.height);
  std::uint32_t palette[256];
  std::memcpy(palette, picture.data[1], sizeof palette);
  for (int channel = 0; channel < 3; ++channel) {
    samples_[channel].resize(columns * rows);
    for (std::size_t y = 0; y < rows; ++y) {
      const std::uint8_t* row =
          picture.data[0] + static_cast<std::ptrdiff_t>(y) * picture.linesize[0];
      for (std::size_t x = 0; x < columns; ++x) {
        samples_[channel][y * columns + x] =
            static_cast<std::uint8_t>(palette[row[x]] >> (16 - 8 * channel));
      }
    }
  }
}

void FrameImporter::import(const AVFrame& picture, const PictureKind& kind, Frame& frame) {
  if (is_planar_float(picture.format)) {
    return copy_floats(picture, descriptor_of(picture.format), frame);
  }
  const AVFrame& plain = in_plain_format(picture);
  const AVPixFmtDescriptor& descriptor = descriptor_of(plain.format);
  PlanarPicture planar = without_planes(plain, kind, &plain == &picture);
  if (readable_in_place(descriptor)) {
    point_at_planes(plain, planar);
    to_rgb(planar, frame, threads_);
    return;
  }
  if (is_palette(descriptor)) {
    unpack_palette(plain);
  } else {
    planar.depth = std::max(8, planar.depth);
  }
  for (int c = 0; c < (planar.gray ? 1 : 3); ++c) {
    const int columns =
        c == 0 ? plain.width : AV_CEIL_RSHIFT(plain.width, planar.log2_chroma_width);
    const int rows =
        c == 0 ? plain.height : AV_CEIL_RSHIFT(plain.height, planar.log2_chroma_height);
    if (!is_palette(descriptor)) {
      unpack_component(plain, descriptor, c, columns, rows, planar.depth, samples_[c]);
    }
    planar.planes[c] = {samples_[c].data(), columns * (planar.depth > 8 ? 2 : 1)};
  }
  to_rgb(planar, frame, threads_);
}

bool FrameImporter::import_bytes(const AVFrame& picture, const PictureKind& kind,
                                 std::uint8_t* rgb) const {
  const AVPixFmtDescriptor& descriptor = descriptor_of(picture.format);
  if (is_planar_float(picture.format) || needs_scaler(picture.format, descriptor) ||
      !readable_in_place(descriptor)) {
    return false;
  }
  PlanarPicture planar = without_planes(picture, kind, true);
  point_at_planes(picture, planar);
  return to_rgb_bytes(planar, rgb, threads_);
}

}  // namespace oasis::media
