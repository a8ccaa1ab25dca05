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

Size choose_tile(Size frame, std::int64_t frames, std::int64_t budget) {
  Size tile = frame;
  while (budget > 0 && tile.width * tile.height * frames * kBytesPerPixelFrame > budget) {
    const Size smaller = halve_tile(tile);
    if (smaller == tile) break;
    tile = smaller;
  }
  return tile;
}

}  // namespace oasis::infer
