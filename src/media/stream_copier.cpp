#include "stream_copier.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "oasis/core/error.h"
#include "oasis/core/log.h"

namespace oasis::media {
namespace {

/// Reading on after so many errors in a row is in vain.
constexpr int kMaxReadErrors = 1000;

/// Tags that describe the coding of the source, not its contents.
bool describes_coding(const std::string& key) {
  static const char* const known[] = {"major_brand", "minor_version",   "compatible_brands",
                                      "encoder",     "DURATION",        "NUMBER_OF_FRAMES",
                                      "BPS",         "NUMBER_OF_BYTES", "alpha_mode",
                                      "rotate",      "vendor_id"};
  return key.rfind("_STATISTICS", 0) == 0 ||
         std::any_of(std::begin(known), std::end(known), [&](const char* name) {
           return key == name || key.rfind(std::string(name) + "-", 0) == 0;
         });
}

void copy_tags(const AVDictionary* source, AVDictionary** target) {
  const AVDictionaryEntry* entry = nullptr;
  while ((entry = av_dict_get(source, "", entry, AV_DICT_IGNORE_SUFFIX)) != nullptr) {
    if (!describes_coding(entry->key)) av_dict_set(target, entry->key, entry->value, 0);
  }
}

bool is_mp4_family(const AVOutputFormat& format) {
  return std::string(format.name) == "mp4" || std::string(format.name) == "mov";
}

/// Streams that the MP4 muxer makes itself: the titles of chapters and the time code.
bool is_made_by_muxer(const AVStream& stream, unsigned chapters) {
  const std::uint32_t tag = stream.codecpar->codec_tag;
  if (stream.codecpar->codec_type != AVMEDIA_TYPE_DATA) return false;
  return (chapters > 0 && tag == MKTAG('t', 'e', 'x', 't')) || tag == MKTAG('t', 'm', 'c', 'd');
}

bool fits(const AVOutputFormat& format, const AVStream& stream) {
  const AVCodecParameters& parameters = *stream.codecpar;
  if (parameters.codec_id == AV_CODEC_ID_NONE) return false;
  if (parameters.codec_type == AVMEDIA_TYPE_ATTACHMENT) {
    return std::string(format.name) == "matroska";
  }
  return avformat_query_codec(&format, parameters.codec_id, FF_COMPLIANCE_NORMAL) == 1;
}

std::string name_of(const AVStream& stream) {
  const char* kind = av_get_media_type_string(stream.codecpar->codec_type);
  return fmt::format("{} stream {} ({})", kind != nullptr ? kind : "unknown", stream.index,
                     avcodec_get_name(stream.codecpar->codec_id));
}

/// One line on streams that get lost, and the container that would keep most of them.
std::string describe_losses(const std::vector<const AVStream*>& lost, const std::string& output) {
  if (lost.empty()) return {};
  std::string names;
  for (const AVStream* stream : lost) names += (names.empty() ? "" : ", ") + name_of(*stream);
  static constexpr const char* kContainers[][2] = {
      {"matroska", ".mkv"}, {"mp4", ".mp4"}, {"mov", ".mov"}};
  long best = 0;
  std::string best_name;
  for (const auto& container : kContainers) {
    const AVOutputFormat* format = av_guess_format(container[0], nullptr, nullptr);
    if (format == nullptr) continue;
    const long kept = std::count_if(lost.begin(), lost.end(),
                                    [&](const AVStream* stream) { return fits(*format, *stream); });
    if (kept > best) {
      best = kept;
      best_name = container[1];
    }
  }
  const std::string advice =
      best == 0 ? std::string("no supported container keeps them")
                : fmt::format("an output named {} keeps {}", best_name,
                              best == static_cast<long>(lost.size()) ? "them" : "some of them");
  return fmt::format("{} cannot hold, and loses: {}; {}", output, names, advice);
}

std::string extension_of(const AVFormatContext& output) {
  return fmt::format("the {} container", output.oformat->name);
}

}  // namespace

StreamCopier::StreamCopier(const std::string& source, int video_stream,
                           const std::optional<PtsRange>& range)
    : path_(source),
      input_(open_input(source)),
      video_stream_(video_stream),
      range_(range),
      routes_(input_->nb_streams),
      packet_(new_packet()) {
  if (video_stream_ >= static_cast<int>(input_->nb_streams)) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{} has changed while it was being read", source));
  }
}

std::string StreamCopier::losses_without_container() const {
  std::vector<const AVStream*> lost;
  for (unsigned i = 0; i < input_->nb_streams; ++i) {
    const AVStream* stream = input_->streams[i];
    if (static_cast<int>(i) != video_stream_ && !is_made_by_muxer(*stream, input_->nb_chapters)) {
      lost.push_back(stream);
    }
  }
  return describe_losses(lost, "a PNG image");
}

void StreamCopier::copy_stream_description(const AVStream& source, AVStream& target,
                                           const AVFormatContext& output) {
  avcodec_parameters_copy(target.codecpar, source.codecpar);
  // A tag is kept only where it means the same codec in the other container.
  const std::uint32_t tag = source.codecpar->codec_tag;
  const bool same = output.oformat->codec_tag != nullptr &&
                    av_codec_get_id(output.oformat->codec_tag, tag) == source.codecpar->codec_id;
  target.codecpar->codec_tag = same ? tag : 0;
  target.time_base = source.time_base;
  target.avg_frame_rate = source.avg_frame_rate;
  target.r_frame_rate = source.r_frame_rate;
  target.sample_aspect_ratio = source.sample_aspect_ratio;
  target.disposition = source.disposition;
  target.duration = range_ ? 0 : source.duration;
  copy_tags(source.metadata, &target.metadata);
  for (int i = 0; i < source.nb_side_data; ++i) {
    const AVPacketSideData& data = source.side_data[i];
    std::uint8_t* copy = av_stream_new_side_data(&target, data.type, data.size);
    if (copy != nullptr) std::copy(data.data, data.data + data.size, copy);
  }
}

AVStream* StreamCopier::add_streams(AVFormatContext& output, std::string& losses) {
  AVStream* video = nullptr;
  std::vector<const AVStream*> lost;
  for (unsigned i = 0; i < input_->nb_streams; ++i) {
    AVStream* source = input_->streams[i];
    if (static_cast<int>(i) == video_stream_) {
      video = avformat_new_stream(&output, nullptr);
      video->disposition = source->disposition;
      copy_tags(source->metadata, &video->metadata);
      source->discard = AVDISCARD_ALL;
      continue;
    }
    const bool made_by_muxer = is_made_by_muxer(*source, input_->nb_chapters);
    if (fits(*output.oformat, *source) && !made_by_muxer) {
      routes_[i].target = avformat_new_stream(&output, nullptr);
      copy_stream_description(*source, *routes_[i].target, output);
      const AVCodecID codec = source->codecpar->codec_id;
      if (codec == AV_CODEC_ID_FLAC || codec == AV_CODEC_ID_TRUEHD || codec == AV_CODEC_ID_OPUS) {
        // Common in MP4 by now, though FFmpeg still asks to be told so.
        output.strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
      }
      continue;
    }
    source->discard = AVDISCARD_ALL;
    if (!made_by_muxer || !is_mp4_family(*output.oformat)) {
      if (!(made_by_muxer && input_->nb_chapters > 0)) lost.push_back(source);
    }
  }
  copy_tags(input_->metadata, &output.metadata);
  add_chapters(output);
  keep_negative_starts(output);
  losses = describe_losses(lost, extension_of(output));
  return video;
}

/// Sound coded with a lead-in starts before zero. MP4 says so with an edit list. Matroska stores
/// such blocks too, so it must not shift all streams to make times positive; of Opus it states the
/// length of the lead-in, which readers subtract from the stored times.
void StreamCopier::keep_negative_starts(AVFormatContext& output) {
  if (is_mp4_family(*output.oformat)) return;
  output.avoid_negative_ts = 0;
  for (Route& route : routes_) {
    if (route.target == nullptr) continue;
    const AVCodecParameters& parameters = *route.target->codecpar;
    if (parameters.codec_id == AV_CODEC_ID_OPUS) route.lead_in = parameters.initial_padding;
  }
}

void StreamCopier::add_chapters(AVFormatContext& output) const {
  const unsigned count = input_->nb_chapters;
  if (count == 0) return;
  output.chapters = static_cast<AVChapter**>(av_calloc(count, sizeof(AVChapter*)));
  for (unsigned i = 0; i < count; ++i) {
    const AVChapter& source = *input_->chapters[i];
    std::int64_t begin = source.start, end = source.end;
    if (range_) {
      const AVRational base = input_->streams[video_stream_]->time_base;
      const std::int64_t from = av_rescale_q(range_->begin, base, source.time_base);
      const std::int64_t to = av_rescale_q(range_->end, base, source.time_base);
      begin = std::max(begin, from) - from;
      end = std::min(end, to) - from;
      if (end <= begin) continue;
    }
    auto* chapter = static_cast<AVChapter*>(av_mallocz(sizeof(AVChapter)));
    chapter->id = source.id;
    chapter->time_base = source.time_base;
    chapter->start = begin;
    chapter->end = end;
    av_dict_copy(&chapter->metadata, source.metadata, 0);
    output.chapters[output.nb_chapters++] = chapter;
  }
}

/// Cuts and shifts a packet when only a part of the source is written; false: outside of it.
bool StreamCopier::place_in_range(const AVStream& source, AVPacket& packet) const {
  if (!range_) return true;
  const AVRational base = input_->streams[video_stream_]->time_base;
  const std::int64_t begin = av_rescale_q(range_->begin, base, source.time_base);
  const std::int64_t end = av_rescale_q(range_->end, base, source.time_base);
  const std::int64_t time = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  if (time == AV_NOPTS_VALUE) return true;
  const bool subtitle = source.codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE;
  const std::int64_t last = time + std::max<std::int64_t>(packet.duration, 0);
  if (time >= end || (subtitle ? last <= begin && time < begin : time < begin)) return false;
  if (subtitle && packet.duration > 0) {
    packet.duration = std::min(last, end) - std::max(time, begin);
    if (time < begin) packet.pts = packet.dts = begin;
  }
  if (packet.pts != AV_NOPTS_VALUE) packet.pts -= begin;
  if (packet.dts != AV_NOPTS_VALUE) packet.dts -= begin;
  return true;
}

bool StreamCopier::read_packet() {
  int errors = 0;
  while (!ended_) {
    av_packet_unref(packet_.get());
    const int error = av_read_frame(input_.get(), packet_.get());
    if (error == AVERROR_EOF || errors > kMaxReadErrors) {
      ended_ = true;
      break;
    }
    if (error < 0) {
      ++errors;
      continue;
    }
    errors = 0;
    const std::size_t index = static_cast<std::size_t>(packet_->stream_index);
    if (index >= routes_.size() || routes_[index].target == nullptr) continue;
    Route& route = routes_[index];
    const AVStream& source = *input_->streams[index];
    if (!place_in_range(source, *packet_)) continue;
    if (packet_->dts == AV_NOPTS_VALUE) packet_->dts = packet_->pts;
    if (packet_->dts == AV_NOPTS_VALUE) continue;
    av_packet_rescale_ts(packet_.get(), source.time_base, route.target->time_base);
    if (route.lead_in > 0) {
      const std::int64_t added =
          av_rescale_q(route.lead_in, AVRational{1, 48000}, route.target->time_base);
      packet_->dts += added;
      if (packet_->pts != AV_NOPTS_VALUE) packet_->pts += added;
    }
    if (route.last_dts != AV_NOPTS_VALUE && packet_->dts <= route.last_dts) {
      packet_->dts =
          route.last_dts + (source.codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE ? 0 : 1);
      if (packet_->pts != AV_NOPTS_VALUE) packet_->pts = std::max(packet_->pts, packet_->dts);
    }
    route.last_dts = packet_->dts;
    packet_->stream_index = route.target->index;
    packet_->pos = -1;
    return true;
  }
  return false;
}

void StreamCopier::copy_until(AVFormatContext& output, double seconds) {
  while (has_packet_ || (has_packet_ = read_packet())) {
    const AVStream& target = *output.streams[packet_->stream_index];
    if (static_cast<double>(packet_->dts) * av_q2d(target.time_base) > seconds) return;
    const int error = av_interleaved_write_frame(&output, packet_.get());
    has_packet_ = false;
    if (error < 0) {
      throw Error(fmt::format("cannot copy a packet of stream {} of {}: {}", target.index, path_,
                              av_message(error)));
    }
  }
}

void StreamCopier::copy_rest(AVFormatContext& output) {
  copy_until(output, std::numeric_limits<double>::infinity());
}

}  // namespace oasis::media
