#include "convert_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/checkpoint/torch_pickle.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"

namespace oasis::tools {
namespace fs = std::filesystem;
namespace {

bool is_pickle(const fs::path& path) {
  return path.extension() == ".pth" || path.extension() == ".pt" || path.extension() == ".bin";
}

/// The root, or else one of the dictionaries in which training programs keep the tensors.
checkpoint::PthFile read_pickle_file(const fs::path& path) {
  try {
    return checkpoint::read_pth(path);
  } catch (const Error& root) {
    for (const char* inner : {"state_dict", "model", "params"}) {
      try {
        return checkpoint::read_pth(path, {inner});
      } catch (const Error&) {
        continue;  // the message about the root is the one to give
      }
    }
    throw;
  }
}

/// The first few names.
std::string some(const std::vector<std::string>& names) {
  constexpr std::size_t most = 4;
  const auto shown = static_cast<std::ptrdiff_t>(std::min(most, names.size()));
  return fmt::format("{}{}", fmt::join(names.begin(), names.begin() + shown, ", "),
                     names.size() > most ? ", ..." : "");
}

}  // namespace

Source open_source(const std::string& part, const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: there is no such file (for the {})", path.string(), part));
  }
  Source source{part, path, {}, {}};
  if (is_pickle(path)) {
    auto file = read_pickle_file(path);
    source.tensors = std::move(file.tensors);
    source.leftover = std::move(file.skipped);
  } else {
    source.tensors = checkpoint::load_safetensors(path);
  }
  log::info("{}: found {} tensors in {}", part, source.tensors.size(), path.string());
  if (!source.leftover.empty()) {
    log::info("{}: {} entries that are no tensors are left out: {}", part, source.leftover.size(),
              some(source.leftover));
  }
  return source;
}

void log_mapping(const Source& source, std::size_t mapped, const std::string& naming,
                 const std::vector<std::string>& left_out, const std::string& why) {
  log::info("{}: {} tensors mapped ({} names)", source.part, mapped, naming);
  if (left_out.empty()) return;
  log::info("{}: {} tensors left out ({}): {}", source.part, left_out.size(), why, some(left_out));
}

std::vector<std::string> names_without(const checkpoint::StateDict& tensors,
                                       const checkpoint::StateDict& kept) {
  std::vector<std::string> names;
  for (const auto& entry : tensors) {
    if (!kept.contains(entry.first)) names.push_back(entry.first);
  }
  return names;
}

}  // namespace oasis::tools
