#include "train_kept_clips.h"

#include <fmt/format.h>

#include <fstream>

#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"
#include "oasis/media/video_reader.h"

namespace oasis::tools {

using Json = nlohmann::ordered_json;

KeptClips::KeptClips(const std::filesystem::path& list) : list_(list) {
  std::ifstream stream(list);
  if (!stream) return;
  try {
    const Json json = Json::parse(stream);
    for (const Json& entry : json.at("clips")) {
      entries_.emplace(entry.at("name").get<std::string>(), entry);
    }
  } catch (const Json::exception&) {
    refuse_kept(list, "it describes no evaluation set");
  }
}

void KeptClips::require_same(const Json& entry, const std::vector<int>& variants) const {
  const auto name = entry.at("name").get<std::string>();
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  const Json& before = found->second;
  for (const char* key : {"source", "frames", "width", "height"}) {
    const Json was = before.value(key, Json());
    if (was == entry.at(key)) continue;
    refuse_kept(list_, fmt::format("clip {} was made with {} {}, not {}", name, key, was.dump(),
                                   entry.at(key).dump()));
  }
  const Json drawn = before.value("variants", Json::array());
  for (const int variant : variants) {
    const auto i = static_cast<std::size_t>(variant);
    if (i >= drawn.size() || drawn[i] == entry.at("variants").at(i)) continue;
    refuse_kept(list_, fmt::format("variant {} of clip {} was made by other operators than this "
                                   "configuration draws",
                                   variant, name));
  }
}

void require_kept_video(const std::filesystem::path& path, int width, int height,
                        std::int64_t frames) {
  media::ReaderOptions reading;
  reading.threads = 1;
  reading.allow_hdr = true;
  reading.quiet = true;
  const auto reader = media::VideoReader::open(path, reading);
  const media::VideoInfo& info = reader->info();
  std::int64_t count = 0;
  for (media::Frame frame; reader->skip(frame); ++count) throw_if_interrupted();
  if (info.width == width && info.height == height && count == frames) return;
  refuse_kept(path, fmt::format("it has {} frames of {}x{}, not {} of {}x{}", count, info.width,
                                info.height, frames, width, height));
}

void refuse_kept(const std::filesystem::path& file, const std::string& why) {
  throw Error(
      ExitCode::usage,
      fmt::format("{}: left by an earlier run, but {}: give --degrade-to another folder, or "
                  "remove this one",
                  file.string(), why));
}

}  // namespace oasis::tools
