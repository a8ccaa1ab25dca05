#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace oasis::tools {

/// Published files and what to make of them; an empty path: not given.
struct WanSources {
  std::filesystem::path dit;
  std::filesystem::path vae;
  std::filesystem::path taehv;
  std::filesystem::path t5;
  std::filesystem::path out;
  std::string precision = "bf16";
  std::uint64_t seed = 0;
};

/// Writes the model folder `sources.out` and logs what was found, renamed and left out. The
/// projector is new (random); the model counts as untrained. `oasis::Error` names what does not
/// fit.
void convert_wan(const WanSources& sources);

}  // namespace oasis::tools
