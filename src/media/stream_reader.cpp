#include "stream_reader.h"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <thread>

#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/media/color_conversion.h"

namespace oasis::media {
namespace {

/// After so many reads in a row that failed, a file is taken to have ended.
constexpr int kMaxReadErrors = 1000;

int thread_count(int wanted) {
  return wanted > 0 ? wanted : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

bool is_hdr(int transfer) {
  return transfer == AVCOL_TRC_SMPTE2084 || transfer == AVCOL_TRC_ARIB_STD_B67;
}

/// The length that the container states for this stream alone, in its time base; 0: not stated.
std::int64_t stated_duration(const AVStream& stream) {
  if (stream.duration > 0 && stream.duration != AV_NOPTS_VALUE) return stream.duration;
  const AVDictionaryEntry* tag = av_dict_get(stream.metadata, "DURATION", nullptr, 0);
  int hours = 0, minutes = 0;
  double seconds = 0;
  if (tag == nullptr || std::sscanf(tag->value, "%d:%d:%lf", &hours, &minutes, &seconds) != 3) {
    return 0;
  }
  return std::llround((hours * 3600.0 + minutes * 60.0 + seconds) / av_q2d(stream.time_base));
}

/// Resamples one float plane.
void resize_plane(const float* source, int width, int height, float* target, int new_width,
                  int new_height) {
  const cv::Mat from(height, width, CV_32F, const_cast<float*>(source));
  cv::Mat to(new_height, new_width, CV_32F, target);
  cv::resize(from, to, to.size(), 0, 0, cv::INTER_CUBIC);
}

}  // namespace

StreamReader::StreamReader(const std::string& path, const ReaderOptions& options)
    : path_(path),
      options_(options),
      input_(open_input(path)),
      packet_(new_packet()),
      picture_(new_frame()),
      importer_(thread_count(options.threads)) {
  quiet_ = options.quiet;
  const int index = default_video_stream(*input_);
  if (index < 0) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{} has no video stream; name a file with pictures in it", path));
  }
  stream_ = input_->streams[index];
  for (unsigned i = 0; i < input_->nb_streams; ++i) {
    if (static_cast<int>(i) != index) input_->streams[i]->discard = AVDISCARD_ALL;
  }
  open_decoder(thread_count(options.threads));
  has_picture_ = decode();
  if (!has_picture_) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("no picture of {} can be decoded; the file is damaged or empty", path));
  }
  describe(*picture_);
}

void StreamReader::open_decoder(int threads) {
  const AVCodec* codec = avcodec_find_decoder(stream_->codecpar->codec_id);
  if (codec == nullptr) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{} is coded as {}, which this FFmpeg cannot decode; convert it first",
                            path_, avcodec_get_name(stream_->codecpar->codec_id)));
  }
  decoder_.reset(avcodec_alloc_context3(codec));
  avcodec_parameters_to_context(decoder_.get(), stream_->codecpar);
  decoder_->pkt_timebase = stream_->time_base;
  decoder_->thread_count = std::min(threads, 16);
  const int error = avcodec_open2(decoder_.get(), codec, nullptr);
  if (error < 0) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("cannot decode {} ({}): {}", path_, codec->name, av_message(error)));
  }
}

void StreamReader::note_damage(const std::string& what) {
  if (!damaged_) warn(fmt::format("{}: {}; what can be decoded is kept", path_, what));
  damaged_ = true;
}

bool StreamReader::feed_decoder() {
  const int error = av_read_frame(input_.get(), packet_.get());
  if (error == AVERROR_EOF || read_errors_ > kMaxReadErrors) {
    avcodec_send_packet(decoder_.get(), nullptr);
    flushing_ = true;
    return true;
  }
  if (error == AVERROR(EAGAIN)) return true;
  if (error < 0) {
    ++read_errors_;
    note_damage(fmt::format("part of the file cannot be read ({})", av_message(error)));
    return true;
  }
  read_errors_ = 0;
  if (packet_->stream_index == stream_->index) {
    ++packets_;
    if (packet_->flags & AV_PKT_FLAG_CORRUPT) note_damage("part of the file is damaged");
    const int sent = avcodec_send_packet(decoder_.get(), packet_.get());
    if (sent < 0 && sent != AVERROR(EAGAIN) && sent != AVERROR_EOF) {
      note_damage(fmt::format("a frame cannot be decoded ({})", av_message(sent)));
    }
  }
  av_packet_unref(packet_.get());
  return true;
}

bool StreamReader::decode() {
  while (!ended_) {
    const int error = avcodec_receive_frame(decoder_.get(), picture_.get());
    if (error == 0) {
      if (picture_->decode_error_flags != 0) note_damage("a frame is damaged");
      return true;
    }
    if (error == AVERROR_EOF) {
      ended_ = true;
    } else if (error == AVERROR(EAGAIN)) {
      feed_decoder();
    } else {
      note_damage(fmt::format("a frame cannot be decoded ({})", av_message(error)));
      if (flushing_ && ++read_errors_ > kMaxReadErrors) ended_ = true;
    }
  }
  return false;
}

void StreamReader::check_for_missing_end() {
  const std::int64_t stated = stated_duration(*stream_);
  if (damaged_ || stated <= 0 || pictures_ == 0) return;
  const std::int64_t start = stream_->start_time == AV_NOPTS_VALUE ? 0 : stream_->start_time;
  // A stream's stated length may or may not count the time before its first picture.
  const std::int64_t reached = last_pts_ + last_duration_ - std::min<std::int64_t>(start, 0);
  const double missing = static_cast<double>(stated - reached) * av_q2d(stream_->time_base);
  const double frame_seconds = 1.0 / std::max(1.0, info_.frame_rate.value());
  if (missing > std::max(0.25, 4 * frame_seconds)) {
    note_damage(fmt::format("the video ends {:.2f} s early, the file seems to be cut", missing));
  }
}

void StreamReader::take_times(Frame& frame) {
  std::int64_t pts = picture_->best_effort_timestamp;
  std::int64_t duration = std::max<std::int64_t>(picture_->pkt_duration, 0);
  if (duration == 0 && info_.frame_rate.num > 0) {
    duration = av_rescale_q(1, av_inv_q(to_av(info_.frame_rate)), stream_->time_base);
  }
  if (pts == AV_NOPTS_VALUE)
    pts = pictures_ == 0 ? 0 : last_pts_ + std::max<std::int64_t>(last_duration_, 1);
  if (pictures_ > 0 && pts <= last_pts_) pts = last_pts_ + 1;
  frame.pts = pts;
  frame.duration = duration;
  last_pts_ = pts;
  last_duration_ = duration;
  ++pictures_;
}

void StreamReader::match_size(Frame& frame) {
  if (frame.width == info_.width && frame.height == info_.height) return;
  if (!size_warned_) {
    warn(
        fmt::format("{}: the picture size changes to {}x{} at frame {}; such frames are resized to "
                    "{}x{}",
                    path_, frame.width, frame.height, pictures_, info_.width, info_.height));
    size_warned_ = true;
  }
  scratch_.resize(info_.width, info_.height);
  for (int channel = 0; channel < 3; ++channel) {
    resize_plane(frame.plane(channel), frame.width, frame.height, scratch_.plane(channel),
                 info_.width, info_.height);
  }
  scratch_.pts = frame.pts;
  scratch_.duration = frame.duration;
  std::swap(frame, scratch_);
}

bool StreamReader::take_picture(Frame& frame) {
  if (!has_picture_ && !decode()) {
    check_for_missing_end();
    return false;
  }
  has_picture_ = false;
  take_times(frame);
  return true;
}

PictureKind StreamReader::kind_of_picture() const {
  PictureKind kind = picture_kind(*picture_, *stream_->codecpar);
  if (kind.layout != PixelLayout::rgb) {
    // What was guessed of the first picture holds for all; what a picture states counts.
    if (kind.matrix_guessed) kind.color.matrix = info_.color.matrix;
    if (kind.range_guessed) kind.color.full_range = info_.color.full_range;
  }
  return kind;
}

void StreamReader::import(Frame& frame) {
  importer_.import(*picture_, kind_of_picture(), frame);
  av_frame_unref(picture_.get());
  turn_upright(orientation_, frame, scratch_);
  match_size(frame);
}

bool StreamReader::next(Frame& frame) {
  if (!take_picture(frame)) return false;
  import(frame);
  return true;
}

bool StreamReader::next_bytes(Frame& frame, std::uint8_t* rgb) {
  if (!take_picture(frame)) return false;
  const bool as_stored =
      orientation_.identity() && picture_->width == info_.width && picture_->height == info_.height;
  if (as_stored && importer_.import_bytes(*picture_, kind_of_picture(), rgb)) {
    av_frame_unref(picture_.get());
    return true;
  }
  import(frame);
  to_rgb_bytes(frame, rgb);
  return true;
}

bool StreamReader::skip(Frame& frame) {
  if (!take_picture(frame)) return false;
  av_frame_unref(picture_.get());
  return true;
}

void StreamReader::read_orientation() {
  const std::uint8_t* data = av_stream_get_side_data(stream_, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
  if (data == nullptr) {
    const AVFrameSideData* side =
        av_frame_get_side_data(picture_.get(), AV_FRAME_DATA_DISPLAYMATRIX);
    if (side != nullptr) data = side->data;
  }
  if (data == nullptr) return;
  const auto* matrix = reinterpret_cast<const std::int32_t*>(data);
  if (!parse_display_matrix(matrix, orientation_)) {
    warn(fmt::format("{}: the picture is turned by an odd angle, which is not applied", path_));
  }
}

void StreamReader::describe(const AVFrame& first) {
  const PictureKind kind = picture_kind(first, *stream_->codecpar);
  read_orientation();
  const bool swap = orientation_.swaps_axes();
  info_.width = swap ? first.height : first.width;
  info_.height = swap ? first.width : first.height;
  info_.rotation = orientation_.clockwise_degrees();
  info_.bit_depth = kind.bit_depth;
  info_.layout = kind.layout;
  info_.chroma_location = kind.chroma_location;
  info_.color = kind.color;
  info_.time_base = from_av(stream_->time_base);
  AVRational rate = stream_->avg_frame_rate;
  if (rate.num <= 0 || rate.den <= 0) rate = av_guess_frame_rate(input_.get(), stream_, nullptr);
  if (rate.num <= 0 || rate.den <= 0) rate = {25, 1};
  info_.frame_rate = from_av(rate);
  info_.variable_frame_rate = stream_->r_frame_rate.num > 0 &&
                              std::abs(av_q2d(stream_->r_frame_rate) / av_q2d(rate) - 1) > 0.01;
  const AVRational aspect =
      av_guess_sample_aspect_ratio(input_.get(), stream_, const_cast<AVFrame*>(&first));
  if (aspect.num > 0 && aspect.den > 0) {
    info_.sample_aspect = from_av(swap ? av_inv_q(aspect) : aspect);
  }
  const std::int64_t stated = stated_duration(*stream_);
  info_.duration_seconds = stated > 0 ? static_cast<double>(stated) * av_q2d(stream_->time_base)
                           : input_->duration > 0
                               ? static_cast<double>(input_->duration) / AV_TIME_BASE
                               : 0;
  info_.frame_count = stream_->nb_frames > 0
                          ? stream_->nb_frames
                          : std::llround(info_.duration_seconds * info_.frame_rate.value());
  info_.start_pts = first.best_effort_timestamp == AV_NOPTS_VALUE ? 0 : first.best_effort_timestamp;
  info_.has_alpha = kind.has_alpha;
  const AVDictionaryEntry* alpha = av_dict_get(stream_->metadata, "alpha_mode", nullptr, 0);
  if (alpha != nullptr && std::string(alpha->value) == "1") info_.has_alpha = true;
  const AVFieldOrder order = stream_->codecpar->field_order;
  info_.interlaced =
      first.interlaced_frame != 0 || (order != AV_FIELD_UNKNOWN && order != AV_FIELD_PROGRESSIVE);
  info_.stream_index = stream_->index;
  info_.codec_name = avcodec_get_name(stream_->codecpar->codec_id);
  const char* format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(first.format));
  info_.pixel_format = format != nullptr ? format : "unknown";
  warn_of_first(first, kind);
}

void StreamReader::warn_of_first(const AVFrame& first, const PictureKind& kind) {
  if (is_hdr(info_.color.transfer) && !options_.allow_hdr) {
    throw Error(
        ExitCode::unreadable_input,
        fmt::format("{} is HDR ({}); convert it to SDR first, for example with ffmpeg -i IN "
                    "-vf zscale=t=linear:npl=100,tonemap=hable,zscale=t=bt709:m=bt709:r=tv,"
                    "format=yuv420p10 OUT",
                    path_, info_.color.transfer == AVCOL_TRC_SMPTE2084 ? "PQ" : "HLG"));
  }
  if (kind.matrix_guessed && !options_.quiet) {
    log::info("{}: the colour matrix is not stated; taken for {} by the picture size of {}x{}",
              path_, kind.color.matrix == 1 ? "BT.709" : "BT.601", first.width, first.height);
  }
  if (kind.range_guessed && !options_.quiet) {
    log::info("{}: the colour range is not stated; taken for {}", path_,
              kind.color.full_range ? "full" : "limited");
  }
  if (info_.interlaced) {
    warn(
        fmt::format("{} is interlaced: both fields are upscaled as one picture; deinterlace it "
                    "first (ffmpeg -vf bwdif) for a better result",
                    path_));
  }
  if (info_.has_alpha) warn(fmt::format("{} has transparency, which is dropped", path_));
}

}  // namespace oasis::media
