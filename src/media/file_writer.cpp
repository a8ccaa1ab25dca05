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

/// Options of the encoder library beyond the common ones.
void set_private_options(AVCodecContext& encoder, const CodecChoice& choice, int threads) {
  void* options = encoder.priv_data;
  if (choice.crf >= 0) av_opt_set_double(options, "crf", choice.crf, 0);
  if (choice.name == "hevc" || choice.name == "hevc10") {
    // The library would print to standard error by itself.
    av_opt_set(options, "x265-params",
               fmt::format("log-level=none:pools={}", std::max(1, threads)).c_str(), 0);
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
      width_(width),
      height_(height),
      shift_(options.range ? options.range->begin : 0),
      part_(path, options.source, options.overwrite),
      container_(container_for(name_)),
      choice_(choose_codec(options.codec, options.crf, input, width, height, *container_)),
      exporter_(choice_, width, height, thread_count(options.threads)),
      packet_(new_packet()) {
  route_av_log();
  if (!options.source.empty() && !input.image_folder) {
    copier_ =
        std::make_unique<StreamCopier>(options.source.string(), input.stream_index, options.range);
  }
  open_encoder(input, thread_count(options.threads));
  open_output(input, options.source);
}

void FileWriter::open_encoder(const VideoInfo& input, int threads) {
  encoder_.reset(avcodec_alloc_context3(choice_.encoder));
  encoder_->width = width_;
  encoder_->height = height_;
  encoder_->pix_fmt = choice_.pixel_format;
  encoder_->time_base = to_av(input.time_base);
  encoder_->framerate = to_av(input.frame_rate);
  encoder_->sample_aspect_ratio = to_av(input.sample_aspect);
  encoder_->color_range = choice_.color.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  encoder_->colorspace = static_cast<AVColorSpace>(choice_.color.matrix);
  encoder_->color_primaries = static_cast<AVColorPrimaries>(choice_.color.primaries);
  encoder_->color_trc = static_cast<AVColorTransferCharacteristic>(choice_.color.transfer);
  encoder_->chroma_sample_location = static_cast<AVChromaLocation>(choice_.chroma_location);
  encoder_->thread_count = std::min(threads, 16);
  if (container_->flags & AVFMT_GLOBALHEADER) encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  set_private_options(*encoder_, choice_, threads);
  const int error = avcodec_open2(encoder_.get(), choice_.encoder, nullptr);
  if (error < 0) {
    throw Error(fmt::format("the {} encoder does not start for {}x{}: {}", choice_.name, width_,
                            height_, av_message(error)));
  }
}

void FileWriter::open_output(const VideoInfo& input, const std::filesystem::path&) {
  AVFormatContext* context = nullptr;
  const std::string part = part_.part().string();
  if (avformat_alloc_output_context2(&context, container_, nullptr, part.c_str()) < 0) {
    throw Error(fmt::format("cannot set up the container of {}", name_));
  }
  output_.reset(context);
  if (copier_) {
    std::string losses;
    stream_ = copier_->add_streams(*output_, losses);
    if (!losses.empty()) warn(fmt::format("{}: {}", name_, losses));
  } else {
    stream_ = avformat_new_stream(output_.get(), nullptr);
  }
  avcodec_parameters_from_context(stream_->codecpar, encoder_.get());
  stream_->time_base = encoder_->time_base;
  stream_->avg_frame_rate = to_av(input.frame_rate);
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
  AVFrame* picture = exporter_.export_frame(frame);
  picture->pts = pts;
  picture->pkt_duration = frame.duration;
  durations_[pts] = frame.duration;
  encode(picture);
}

void FileWriter::encode(const AVFrame* picture) {
  int error = avcodec_send_frame(encoder_.get(), picture);
  if (error < 0) throw Error(fmt::format("cannot encode {}: {}", name_, av_message(error)));
  while ((error = avcodec_receive_packet(encoder_.get(), packet_.get())) == 0) write_packet();
  if (error != AVERROR(EAGAIN) && error != AVERROR_EOF) {
    throw Error(fmt::format("cannot encode {}: {}", name_, av_message(error)));
  }
}

/// x265 leaves the decoding times of clips shorter than its delay undefined: such times are
/// replaced by ones that grow and stay two frames, its reordering depth, ahead of the display.
void FileWriter::mend_dts() {
  const AVRational frame = av_inv_q(encoder_->framerate);
  const std::int64_t ticks = std::max<std::int64_t>(1, av_rescale_q(1, frame, encoder_->time_base));
  const std::int64_t lead = packet_->pts - packet_->dts;
  if (packet_->dts == AV_NOPTS_VALUE || lead < 0 || lead > 1000 * ticks) {
    packet_->dts = last_dts_ ? *last_dts_ + 1 : packet_->pts - 2 * ticks;
  }
  last_dts_ = packet_->dts;
}

void FileWriter::write_packet() {
  mend_dts();
  const auto duration = durations_.find(packet_->pts);
  if (duration != durations_.end()) {
    packet_->duration = duration->second;
    durations_.erase(duration);
  }
  packet_->stream_index = stream_->index;
  const double due = static_cast<double>(packet_->dts) * av_q2d(encoder_->time_base);
  av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
  if (copier_) copier_->copy_until(*output_, due);
  const int error = av_interleaved_write_frame(output_.get(), packet_.get());
  if (error < 0) {
    throw Error(fmt::format("cannot write {}: {}; is the disk full?", part_.part().string(),
                            av_message(error)));
  }
}

void FileWriter::finish() {
  encode(nullptr);
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
