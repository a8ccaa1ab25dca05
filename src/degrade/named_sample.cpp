#include "oasis/degrade/named_sample.h"

namespace oasis::degrade {

std::uint64_t uid_of_name(const std::string& name, int variant) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  const std::string text = name + '\n' + std::to_string(variant);
  for (const char byte : text) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3U;
  }
  return hash;
}

}  // namespace oasis::degrade
