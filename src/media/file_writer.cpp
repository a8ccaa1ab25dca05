#include "file_writer.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "oasis/core/error.h"

namespace oasis::media {
namespace {

int thread_count(int wanted) {
  return wanted > 0 ? wanted : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// The result of x264, x265 and libvpx depends on their number of threads: it is the same
/// everywhere.
constexpr int kEncoderThreads = 4;

/// Options of the encoder library beyond the common ones.
void set_private_options(AVCodecContext& encoder, const CodecChoice& choice) {
  void* options = encoder.priv_data;
  if (choice.crf >= 0) av_opt_set_double(options, "crf", choice.crf, 0);
  if (choice.name == "hevc" || choice.name == "hevc10") {
    // The library would print to standard error by itself.
    av_opt_set(options, "x265-params",
               fmt::format("log-level=none:frame-threads=2:pools={}", kEncoderThreads).c_str(), 0);
  } else if (choice.name == "h264") {
    // Else the macroblock tree reads stale memory at some widths, and no two runs agree.
    av_opt_set(options, "x264-params", "cpu-independent=1", 0);
  } else if (choice.name == "vp9") {
    encoder.bit_rate = 0;
    av_opt_set(options, "row-mt", "1", 0);
    av_opt_set(options, "cpu-used", "2", 0);
  } else if (choice.name == "ffv1") {
    encoder.level = 3;
    av_opt_set(options, "slicecrc", "1", 0);
  }
}

}  // namespace

FileWriter::FileWriter(const std::filesystem::path& path, const WriterOptions& options,
                       const VideoInfo& input, int width, int height)
    : name_(path.string()),
      input_(input),
      width_(width),
      height_(height),
      shift_(options.range ? options.range->begin : 0),
      part_(path, options.source, options.overwrite),
      container_(container_for(name_)),
      choice_(choose_codec(options.codec, options.crf, input, width, height, *container_)),
      exporter_(choice_, width, height, thread_count(options.threads)),
      part_frames_(std::max(1, options.part_frames)),
      packet_(new_packet()) {
  route_av_log();
  if (!options.source.empty() && !input.image_folder) {
    copier_ =
        std::make_unique<StreamCopier>(options.source.string(), input.stream_index, options.range);
  }
  open_encoder();
  time_base_ = encoder_->time_base;
  open_output();
  if (options.parts.empty()) return;
  store_ = std::make_unique<PacketStore>(options.parts);
  kept_ = store_->frames();
}

void FileWriter::open_encoder() {
  encoder_.reset(avcodec_alloc_context3(choice_.encoder));
  encoder_->width = width_;
  encoder_->height = height_;
  encoder_->pix_fmt = choice_.pixel_format;
  encoder_->time_base = to_av(input_.time_base);
  encoder_->framerate = to_av(input_.frame_rate);
  encoder_->sample_aspect_ratio = to_av(input_.sample_aspect);
  encoder_->color_range = choice_.color.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  encoder_->colorspace = static_cast<AVColorSpace>(choice_.color.matrix);
  encoder_->color_primaries = static_cast<AVColorPrimaries>(choice_.color.primaries);
  encoder_->color_trc = static_cast<AVColorTransferCharacteristic>(choice_.color.transfer);
  encoder_->chroma_sample_location = static_cast<AVChromaLocation>(choice_.chroma_location);
  encoder_->thread_count = kEncoderThreads;
  if (container_->flags & AVFMT_GLOBALHEADER) encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  set_private_options(*encoder_, choice_);
  const int error = avcodec_open2(encoder_.get(), choice_.encoder, nullptr);
  if (error < 0) {
    throw Error(fmt::format("the {} encoder does not start for {}x{}: {}", choice_.name, width_,
                            height_, av_message(error)));
  }
}

void FileWriter::open_output() {
  AVFormatContext* context = nullptr;
  const std::string part = part_.part().string();
  if (avformat_alloc_output_context2(&context, container_, nullptr, part.c_str()) < 0) {
    throw Error(fmt::format("cannot set up the container of {}", name_));
  }
  output_.reset(context);
  output_->flags |= AVFMT_FLAG_BITEXACT;  // no random numbers in Matroska
  if (copier_) {
    std::string losses;
    stream_ = copier_->add_streams(*output_, losses);
    if (!losses.empty()) warn(fmt::format("{}: {}", name_, losses));
  } else {
    stream_ = avformat_new_stream(output_.get(), nullptr);
  }
  avcodec_parameters_from_context(stream_->codecpar, encoder_.get());
  stream_->time_base = encoder_->time_base;
  stream_->avg_frame_rate = to_av(input_.frame_rate);
  stream_->r_frame_rate = stream_->avg_frame_rate;
  stream_->sample_aspect_ratio = encoder_->sample_aspect_ratio;
  if (choice_.encoder->id == AV_CODEC_ID_HEVC && container_->codec_tag != nullptr &&
      std::string(container_->name) != "matroska") {
    stream_->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');  // what other players expect
  }
  int error = avio_open(&output_->pb, part.c_str(), AVIO_FLAG_WRITE);
  if (error < 0) throw Error(fmt::format("cannot write {}: {}", part, av_message(error)));
  error = avformat_write_header(output_.get(), nullptr);
  if (error < 0) {
    throw Error(fmt::format("cannot write the header of {}: {}", part, av_message(error)));
  }
}

void FileWriter::write(const Frame& frame) {
  const std::int64_t pts = frame.pts - shift_;
  if (started_ && pts <= last_pts_) {
    throw Error(
        fmt::format("the times of frames must grow: {} follows {} in {}", pts, last_pts_, name_));
  }
  started_ = true;
  last_pts_ = pts;
  if (!encoder_) open_encoder();
  AVFrame* picture = exporter_.export_frame(frame);
  picture->pts = pts;
  picture->pkt_duration = frame.duration;
  durations_[pts] = frame.duration;
  encode(picture);
  if (store_ && ++frames_in_part_ == part_frames_) end_part();
}

void FileWriter::encode(const AVFrame* picture) {
  int error = avcodec_send_frame(encoder_.get(), picture);
  if (error < 0) throw Error(fmt::format("cannot encode {}: {}", name_, av_message(error)));
  while ((error = avcodec_receive_packet(encoder_.get(), packet_.get())) == 0) take_packet();
  if (error != AVERROR(EAGAIN) && error != AVERROR_EOF) {
    throw Error(fmt::format("cannot encode {}: {}", name_, av_message(error)));
  }
}

/// x265 leaves the decoding times of clips shorter than its delay undefined, so those of HEVC are
/// all replaced: the time of packet i is the (i - d)th time of display, with its reordering depth d
/// of two frames.
///
/// Where parts are joined, the decoding times of a part may begin before those of the last one
/// ended; they then follow tick by tick, which stays before the display, as times of display grow
/// by at least a tick too.
void FileWriter::mend_dts(AVPacket& packet) {
  constexpr std::size_t depth = 2;
  const AVRational frame = av_inv_q(to_av(input_.frame_rate));
  const std::int64_t ticks = std::max<std::int64_t>(1, av_rescale_q(1, frame, time_base_));
  if (choice_.encoder->id == AV_CODEC_ID_HEVC) {
    reordered_.insert(packet.pts);
    const auto first = reordered_.begin();
    if (reordered_.size() <= depth) {
      packet.dts = *first - static_cast<std::int64_t>(depth + 1 - reordered_.size()) * ticks;
    } else {
      packet.dts = std::min(*first, packet.pts);
      reordered_.erase(first);
    }
  }
  if (packet.dts == AV_NOPTS_VALUE) packet.dts = packet.pts;
  if (last_dts_) packet.dts = std::max(packet.dts, *last_dts_ + 1);
  last_dts_ = packet.dts;
}

void FileWriter::take_packet() {
  const auto duration = durations_.find(packet_->pts);
  if (duration != durations_.end()) {
    packet_->duration = duration->second;
    durations_.erase(duration);
  }
  if (!store_) return mux(*packet_);
  store_->add(*packet_);
  av_packet_unref(packet_.get());
}

void FileWriter::end_part() {
  encode(nullptr);
  store_->close_part(frames_in_part_, encoder_->extradata, encoder_->extradata_size);
  frames_in_part_ = 0;
  encoder_.reset();
}

void FileWriter::mux(AVPacket& packet) {
  mend_dts(packet);
  packet.stream_index = stream_->index;
  const double due = static_cast<double>(packet.dts) * av_q2d(time_base_);
  av_packet_rescale_ts(&packet, time_base_, stream_->time_base);
  if (copier_) copier_->copy_until(*output_, due);
  const int error = av_interleaved_write_frame(output_.get(), &packet);
  if (error < 0) {
    throw Error(fmt::format("cannot write {}: {}; is the disk full?", part_.part().string(),
                            av_message(error)));
  }
}

void FileWriter::finish() {
  if (store_) {
    if (frames_in_part_ > 0) end_part();
    const AVCodecParameters& coded = *stream_->codecpar;
    store_->replay(coded.extradata, coded.extradata_size,
                   [this](AVPacket& packet) { mux(packet); });
  } else {
    encode(nullptr);
  }
  if (copier_) copier_->copy_rest(*output_);
  int error = av_write_trailer(output_.get());
  if (error >= 0) error = avio_closep(&output_->pb);
  if (error < 0) {
    throw Error(fmt::format("cannot complete {}: {}; is the disk full?", part_.part().string(),
                            av_message(error)));
  }
  output_.reset();
  part_.commit();
}

}  // namespace oasis::media
