#include "oasis/media/codec_roundtrip.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "av_handles.h"
#include "oasis/core/error.h"

namespace oasis::media {
namespace {

/// One thread does not suffice for x264: its macroblock tree follows stale memory at some widths
/// unless the assembly that depends on the processor is off.
constexpr const char* kRepeatableX264 =
    "threads=1:lookahead-threads=1:sliced-threads=0:cpu-independent=1";

/// Of mpeg4's rate control, in bits; the value PyAV gives.
constexpr int kBitRateTolerance = 128000;

int even(int side) { return side + side % 2; }

void check_options(const CodecRoundtripOptions& options) {
  const bool x264 = options.encoder == "libx264";
  if (!x264 && options.encoder != "mpeg4") {
    throw Error(ExitCode::usage,
                fmt::format("codec '{}' is unknown: choose libx264 or mpeg4", options.encoder));
  }
  if (options.crf < -1 || options.crf > 51 || (options.crf >= 0 && !x264)) {
    throw Error(ExitCode::usage, fmt::format("crf {} is not from 0 to 51, or the codec {} has none",
                                             options.crf, options.encoder));
  }
  if (options.crf < 0 && options.bit_rate < 1) {
    throw Error(ExitCode::usage, fmt::format("bit rate {} is not positive", options.bit_rate));
  }
  if (options.frames_per_second < 1 || options.gop < 0) {
    throw Error(ExitCode::usage, fmt::format("{} frames per second and key frames every {} frames "
                                             "are not a way to code a clip",
                                             options.frames_per_second, options.gop));
  }
}

void check_clip(const std::vector<RgbImage>& clip) {
  if (clip.empty()) throw Error("a clip without frames cannot be encoded");
  for (const RgbImage& image : clip) {
    const auto expected = 3 * static_cast<std::int64_t>(image.width) * image.height;
    if (image.width < 1 || image.height < 1 ||
        static_cast<std::int64_t>(image.samples.size()) != expected) {
      throw Error(fmt::format("a frame of {}x{} with {} samples cannot be encoded", image.width,
                              image.height, image.samples.size()));
    }
  }
}

FrameHandle make_picture(AVPixelFormat format, int width, int height) {
  FrameHandle picture = new_frame();
  picture->format = format;
  picture->width = width;
  picture->height = height;
  if (av_frame_get_buffer(picture.get(), 0) < 0) {
    throw Error(ExitCode::out_of_memory,
                fmt::format("not enough memory for a picture of {}x{}", width, height));
  }
  return picture;
}

std::uint8_t* row_of(const AVFrame& picture, int y) {
  return picture.data[0] + static_cast<std::ptrdiff_t>(y) * picture.linesize[0];
}

/// An RGB24 picture of even sides; the last row and column are repeated where needed.
FrameHandle padded_picture(const RgbImage& image) {
  FrameHandle picture = make_picture(AV_PIX_FMT_RGB24, even(image.width), even(image.height));
  const std::size_t row_bytes = 3 * static_cast<std::size_t>(image.width);
  for (int y = 0; y < picture->height; ++y) {
    const auto source = static_cast<std::size_t>(std::min(y, image.height - 1)) * row_bytes;
    std::uint8_t* row = row_of(*picture, y);
    std::memcpy(row, image.samples.data() + source, row_bytes);
    if (picture->width > image.width) std::memcpy(row + row_bytes, row + row_bytes - 3, 3);
  }
  return picture;
}

RgbImage cropped_image(const AVFrame& picture, int width, int height) {
  RgbImage image{width, height, {}};
  const std::size_t row_bytes = 3 * static_cast<std::size_t>(width);
  image.samples.resize(row_bytes * static_cast<std::size_t>(height));
  for (int y = 0; y < height; ++y) {
    std::memcpy(image.samples.data() + static_cast<std::size_t>(y) * row_bytes, row_of(picture, y),
                row_bytes);
  }
  return image;
}

/// Converts format and size by swscale, bilinear.
class Scaler {
 public:
  explicit Scaler(bool unbiased)
      : flags_(SWS_BILINEAR | (unbiased ? SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT : 0)) {}

  void convert(const AVFrame& from, AVFrame& to) {
    context_.reset(sws_getCachedContext(context_.release(), from.width, from.height,
                                        static_cast<AVPixelFormat>(from.format), to.width,
                                        to.height, static_cast<AVPixelFormat>(to.format), flags_,
                                        nullptr, nullptr, nullptr));
    if (!context_ || sws_scale(context_.get(), from.data, from.linesize, 0, from.height, to.data,
                               to.linesize) != to.height) {
      throw Error(fmt::format("swscale cannot convert a picture of {}x{} to {}x{}", from.width,
                              from.height, to.width, to.height));
    }
  }

 private:
  int flags_;
  ScalerHandle context_;
};

/// Encoder and decoder back to back; pictures come out in display order.
class Loop {
 public:
  Loop(int width, int height, const CodecRoundtripOptions& options)
      : packet_(new_packet()), decoded_(new_frame()), back_(options.unbiased) {
    open_encoder(width, height, options);
    open_decoder();
  }

  /// Null: no more pictures.
  void encode(const AVFrame* picture) {
    check(avcodec_send_frame(encoder_.get(), picture), "encode");
    int error = 0;
    while ((error = avcodec_receive_packet(encoder_.get(), packet_.get())) == 0) {
      bits_ += 8 * static_cast<std::int64_t>(packet_->size);
      check(avcodec_send_packet(decoder_.get(), packet_.get()), "decode");
      av_packet_unref(packet_.get());
      drain_decoder();
    }
    if (error != AVERROR(EAGAIN) && error != AVERROR_EOF) check(error, "encode");
    if (picture != nullptr) return;
    check(avcodec_send_packet(decoder_.get(), nullptr), "decode");
    drain_decoder();
  }

  std::vector<FrameHandle> take_pictures() { return std::move(pictures_); }
  std::int64_t bits() const { return bits_; }

 private:
  static void check(int error, const char* what) {
    if (error < 0) throw Error(fmt::format("cannot {} a clip: {}", what, av_message(error)));
  }

  void open_encoder(int width, int height, const CodecRoundtripOptions& options) {
    const AVCodec* codec = avcodec_find_encoder_by_name(options.encoder.c_str());
    if (codec == nullptr) {
      throw Error(ExitCode::usage,
                  fmt::format("this FFmpeg was built without the encoder {}", options.encoder));
    }
    encoder_.reset(avcodec_alloc_context3(codec));
    encoder_->width = width;
    encoder_->height = height;
    encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder_->time_base = {1, options.frames_per_second};
    encoder_->framerate = {options.frames_per_second, 1};
    encoder_->thread_count = 1;
    // Also moves the header's bytes out of the first packet, where x264 would count them.
    encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (options.gop > 0) encoder_->gop_size = options.gop;
    if (options.crf < 0) {
      encoder_->bit_rate = options.bit_rate;
      encoder_->bit_rate_tolerance = kBitRateTolerance;
    }
    if (options.encoder == "libx264") {
      av_opt_set(encoder_->priv_data, "x264-params", kRepeatableX264, 0);
      if (options.crf >= 0) av_opt_set_double(encoder_->priv_data, "crf", options.crf, 0);
    }
    check(avcodec_open2(encoder_.get(), codec, nullptr), "encode");
  }

  void open_decoder() {
    const AVCodec* codec = avcodec_find_decoder(encoder_->codec_id);
    if (codec == nullptr) throw Error("this FFmpeg cannot decode what it encodes");
    decoder_.reset(avcodec_alloc_context3(codec));
    decoder_->thread_count = 1;
    const int size = encoder_->extradata_size;
    auto* header = static_cast<std::uint8_t*>(
        av_mallocz(static_cast<std::size_t>(size) + AV_INPUT_BUFFER_PADDING_SIZE));
    if (header == nullptr) throw std::bad_alloc();
    if (size > 0) std::memcpy(header, encoder_->extradata, static_cast<std::size_t>(size));
    decoder_->extradata = header;
    decoder_->extradata_size = size;
    check(avcodec_open2(decoder_.get(), codec, nullptr), "decode");
  }

  void drain_decoder() {
    int error = 0;
    while ((error = avcodec_receive_frame(decoder_.get(), decoded_.get())) == 0) {
      FrameHandle rgb = make_picture(AV_PIX_FMT_RGB24, encoder_->width, encoder_->height);
      back_.convert(*decoded_, *rgb);
      pictures_.push_back(std::move(rgb));
      av_frame_unref(decoded_.get());
    }
    if (error != AVERROR(EAGAIN) && error != AVERROR_EOF) check(error, "decode");
  }

  CodecHandle encoder_;
  CodecHandle decoder_;
  PacketHandle packet_;
  FrameHandle decoded_;
  Scaler back_;
  std::vector<FrameHandle> pictures_;
  std::int64_t bits_ = 0;
};

}  // namespace

CodecRoundtripResult codec_roundtrip(const std::vector<RgbImage>& clip,
                                     const CodecRoundtripOptions& options) {
  route_av_log();
  check_options(options);
  check_clip(clip);
  const RgbImage& first = clip.front();
  Loop loop(even(first.width), even(first.height), options);
  Scaler scaler(options.unbiased);
  for (std::size_t i = 0; i < clip.size(); ++i) {
    // A new picture each time: the encoder may hold on to the ones before.
    const FrameHandle coded =
        make_picture(AV_PIX_FMT_YUV420P, even(first.width), even(first.height));
    scaler.convert(*padded_picture(clip[i]), *coded);
    coded->pts = static_cast<std::int64_t>(i);
    loop.encode(coded.get());
  }
  loop.encode(nullptr);
  CodecRoundtripResult result;
  result.bits = loop.bits();
  for (const FrameHandle& picture : loop.take_pictures()) {
    result.frames.push_back(cropped_image(*picture, first.width, first.height));
  }
  if (result.frames.size() != clip.size()) {
    throw Error(fmt::format("{} frames were encoded with {}, but {} came back", clip.size(),
                            options.encoder, result.frames.size()));
  }
  return result;
}

bool has_encoder(const std::string& encoder) {
  return avcodec_find_encoder_by_name(encoder.c_str()) != nullptr;
}

}  // namespace oasis::media
