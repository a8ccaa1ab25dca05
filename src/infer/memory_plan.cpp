#include "oasis/infer/memory_plan.h"

#include <fstream>
#include <sstream>
#include <string>

namespace oasis::infer {
namespace {

/// The value of a line `key: N kB` of a file of /proc, in bytes; 0 if there is none.
std::int64_t read_kilobytes(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key + ":", 0) != 0) continue;
    std::int64_t kilobytes = 0;
    std::istringstream(line.substr(key.size() + 1)) >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

std::int64_t available_memory() { return read_kilobytes("/proc/meminfo", "MemAvailable"); }

std::int64_t peak_memory() { return read_kilobytes("/proc/self/status", "VmHWM"); }

Size halve_tile(Size tile) {
  std::int64_t& longer = tile.width >= tile.height ? tile.width : tile.height;
  if (longer > kSmallestAutomaticTile) {
    longer = longer / 2 > kSmallestAutomaticTile ? (longer + 1) / 2 : kSmallestAutomaticTile;
  }
  return tile;
}

std::int64_t clip_bytes(const model::ClipModel& model, Size frame, Size tile, std::int64_t frames) {
  // Three float channels, of the source as read and as given to the model, and 16 times as many
  // values of the result.
  constexpr std::int64_t source = 2 * 3 * 4;
  constexpr std::int64_t result = 16 * 3 * 4;
  const bool tiled = tile.width < frame.width || tile.height < frame.height;
  const std::int64_t pixels = frame.width * frame.height * frames;
  return model.peak_bytes(frames, tile.height, tile.width) +
         pixels * (source + (tiled ? result : 0));
}

Size choose_tile(const model::ClipModel& model, Size frame, std::int64_t frames,
                 std::int64_t budget) {
  Size tile = frame;
  while (budget > 0 && clip_bytes(model, frame, tile, frames) > budget) {
    const Size smaller = halve_tile(tile);
    if (smaller == tile) break;
    tile = smaller;
  }
  return tile;
}

}  // namespace oasis::infer
