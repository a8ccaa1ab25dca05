#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "av_handles.h"

namespace oasis::media {

/// Encoded packets of a video on disk, in parts that can each be decoded by itself: the file
/// `000001.packets` and so on of a folder. A part gets its name when it is complete and synced, so
/// what an interrupted process leaves can be gone on from.
class PacketStore {
 public:
  /// Takes up the parts that are there, in order up to the first that is missing or broken; what
  /// lies behind is removed. Makes the folder if needed. Throws `Error` (`failed`).
  explicit PacketStore(const std::filesystem::path& folder);
  ~PacketStore();
  PacketStore(const PacketStore&) = delete;
  PacketStore& operator=(const PacketStore&) = delete;

  /// Frames in complete parts.
  std::int64_t frames() const { return frames_; }

  /// Appends a packet to the open part.
  void add(const AVPacket& packet);

  /// Completes the open part of `frames` frames. `header` is the encoder's extradata, which must be
  /// that of all other parts.
  void close_part(std::int64_t frames, const std::uint8_t* header, int header_size);

  /// Calls `use` with all packets of complete parts, in order. Throws `Error` (`failed`) if a part
  /// was coded with another `header`.
  void replay(const std::uint8_t* header, int header_size,
              const std::function<void(AVPacket&)>& use) const;

 private:
  std::filesystem::path path_of(int part) const;
  void open_part();
  void put(const void* data, std::size_t size);

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path folder_;
  int parts_ = 0;
  std::int64_t frames_ = 0;
  std::unique_ptr<std::FILE, CloseFile> file_;  ///< the open part
  std::uint32_t sum_ = 1;                       ///< Adler-32 of the open part so far
};

}  // namespace oasis::media
