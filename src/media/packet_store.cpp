#include "packet_store.h"

extern "C" {
#include <libavutil/adler32.h>
}

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "oasis/core/error.h"

namespace oasis::media {
namespace fs = std::filesystem;
namespace {

constexpr char kMagic[8] = {'O', 'A', 'S', 'I', 'S', 'P', 'K', '1'};

/// Before each packet's data. A `size` of -1 ends the packets.
struct PacketHead {
  std::int64_t pts = 0;
  std::int64_t dts = 0;
  std::int64_t duration = 0;
  std::int32_t flags = 0;
  std::int32_t size = 0;
};

/// After the last packet; the encoder's header follows, then the Adler-32 of all before it.
struct PartEnd {
  std::int64_t frames = 0;
  std::int64_t header_size = 0;
};

/// Reads a part from its beginning and keeps its checksum.
class PartFile {
 public:
  explicit PartFile(const fs::path& path) : file_(std::fopen(path.c_str(), "rb")) {}
  ~PartFile() {
    if (file_ != nullptr) std::fclose(file_);
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  bool get(void* data, std::size_t size) {
    if (file_ == nullptr || std::fread(data, 1, size, file_) != size) return false;
    sum_ = av_adler32_update(sum_, static_cast<const std::uint8_t*>(data),
                             static_cast<unsigned>(size));
    return true;
  }

  bool begins_well() {
    char magic[sizeof kMagic];
    return get(magic, sizeof magic) && std::memcmp(magic, kMagic, sizeof magic) == 0;
  }

  /// The next packet into `packet`; false at the end of the packets and of a broken file.
  bool next(AVPacket& packet) {
    PacketHead head;
    if (!get(&head, sizeof head)) return false;
    if (head.size < 0) {
      packets_ended_ = true;
      return false;
    }
    av_packet_unref(&packet);
    if (av_new_packet(&packet, head.size) < 0) return false;
    packet.pts = head.pts;
    packet.dts = head.dts;
    packet.duration = head.duration;
    packet.flags = head.flags;
    return get(packet.data, static_cast<std::size_t>(head.size));
  }

  /// What follows the packets; nothing when the file is broken.
  std::optional<std::pair<std::int64_t, std::vector<std::uint8_t>>> finish() {
    PartEnd end;
    if (!packets_ended_ || !get(&end, sizeof end)) return std::nullopt;
    if (end.frames < 1 || end.header_size < 0 || end.header_size > (1 << 24)) return std::nullopt;
    std::vector<std::uint8_t> header(static_cast<std::size_t>(end.header_size));
    if (!header.empty() && !get(header.data(), header.size())) return std::nullopt;
    const std::uint32_t expected = sum_;
    std::uint32_t stored = 0;
    if (!get(&stored, sizeof stored) || stored != expected) return std::nullopt;
    return std::pair(end.frames, std::move(header));
  }

 private:
  std::FILE* file_;
  AVAdler sum_ = 1;
  bool packets_ended_ = false;
};

/// Frames of a part; 0 if it is missing or broken.
std::int64_t frames_of(const fs::path& path) {
  PartFile file(path);
  if (!file.begins_well()) return 0;
  const PacketHandle packet = new_packet();
  while (file.next(*packet)) {
  }
  const auto end = file.finish();
  return end ? end->first : 0;
}

}  // namespace

PacketStore::PacketStore(const fs::path& folder) : folder_(folder) {
  std::error_code error;
  fs::create_directories(folder_, error);
  while (const std::int64_t frames = frames_of(path_of(parts_ + 1))) {
    frames_ += frames;
    ++parts_;
  }
  for (int part = parts_ + 1; fs::remove(path_of(part), error); ++part) {
  }
}

PacketStore::~PacketStore() = default;

fs::path PacketStore::path_of(int part) const {
  return folder_ / fmt::format("{:06d}.packets", part);
}

void PacketStore::put(const void* data, std::size_t size) {
  if (std::fwrite(data, 1, size, file_.get()) != size) {
    throw Error(fmt::format("cannot write to {}: {}", folder_.string(), std::strerror(errno)));
  }
  sum_ =
      av_adler32_update(sum_, static_cast<const std::uint8_t*>(data), static_cast<unsigned>(size));
}

void PacketStore::open_part() {
  const fs::path path = path_of(parts_ + 1).string() + ".part";
  file_.reset(std::fopen(path.c_str(), "wb"));
  if (!file_) {
    throw Error(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
  }
  sum_ = 1;
  put(kMagic, sizeof kMagic);
}

void PacketStore::add(const AVPacket& packet) {
  if (!file_) open_part();
  const PacketHead head{packet.pts, packet.dts, packet.duration, packet.flags, packet.size};
  put(&head, sizeof head);
  put(packet.data, static_cast<std::size_t>(packet.size));
}

void PacketStore::close_part(std::int64_t frames, const std::uint8_t* header, int header_size) {
  if (!file_) open_part();
  PacketHead stop;
  stop.size = -1;
  put(&stop, sizeof stop);
  const PartEnd end{frames, header_size};
  put(&end, sizeof end);
  if (header_size > 0) put(header, static_cast<std::size_t>(header_size));
  const std::uint32_t sum = sum_;
  put(&sum, sizeof sum);
  std::FILE* file = file_.release();
  const bool synced = std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  const bool closed = std::fclose(file) == 0;
  const fs::path path = path_of(parts_ + 1);
  std::error_code error;
  fs::rename(path.string() + ".part", path, error);
  if (!synced || !closed || error) {
    throw Error(fmt::format("cannot complete {}; is the disk full?", path.string()));
  }
  ++parts_;
  frames_ += frames;
}

void PacketStore::replay(const std::uint8_t* header, int header_size,
                         const std::function<void(AVPacket&)>& use) const {
  const std::vector<std::uint8_t> expected(header, header + header_size);
  const PacketHandle packet = new_packet();
  for (int part = 1; part <= parts_; ++part) {
    PartFile file(path_of(part));
    bool good = file.begins_well();
    while (good && file.next(*packet)) use(*packet);
    const auto end = file.finish();
    if (!end || end->second != expected) {
      throw Error(fmt::format("{} {}: delete the folder {} and start again", path_of(part).string(),
                              end ? "was coded with other settings" : "is broken",
                              folder_.string()));
    }
  }
}

}  // namespace oasis::media
