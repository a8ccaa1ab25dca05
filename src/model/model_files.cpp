#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <memory>
#include <vector>

#include "oasis/core/error.h"
#include "oasis/model/model_folder.h"

namespace oasis::model {
namespace {

/// Hashing 16 MiB takes some hundredths of a second.
constexpr std::uintmax_t cheap_bytes = std::uintmax_t{16} << 20;

/// Training reads it, upscaling does not, and it is large.
constexpr const char* encoder_file = "vae_encoder.safetensors";

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw Error(ExitCode::unreadable_input, fmt::format("{}: {}", path.string(), why));
}

}  // namespace

std::vector<FileStatus> verify_files(const std::filesystem::path& folder) {
  const ModelDescription about = read_model_description(folder);
  std::vector<FileStatus> result;
  for (const auto& [name, hash] : about.files) {
    if (!std::filesystem::is_regular_file(folder / name)) {
      result.push_back({name, FileState::missing});
    } else {
      const bool same = file_hash(folder / name) == hash;
      result.push_back({name, same ? FileState::good : FileState::changed});
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() == ".safetensors" && !about.files.contains(name)) {
      result.push_back({name, FileState::unlisted});
    }
  }
  return result;
}

void check_files(const std::filesystem::path& folder, const ModelDescription& about) {
  for (const auto& [name, hash] : about.files) {
    const auto path = folder / name;
    if (!std::filesystem::is_regular_file(path)) {
      if (name == encoder_file) continue;
      refuse(path, "model.yaml lists this file, but it is not there: copy the whole model folder");
    }
    if (std::filesystem::file_size(path) <= cheap_bytes && file_hash(path) != hash) {
      refuse(path,
             "it is not the file that model.yaml has the hash of: copy the model folder again, or "
             "if the change was meant, run oasis-convert verify --update on the folder");
    }
  }
}

void copy_fixed_weights(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (const char* name : {encoder_file, "empty_prompt.safetensors"}) {
    if (!std::filesystem::exists(from / name)) continue;
    std::error_code failed;
    std::filesystem::copy_file(from / name, to / name,
                               std::filesystem::copy_options::overwrite_existing, failed);
    if (failed) {
      throw Error(ExitCode::failed,
                  fmt::format("{}: cannot be written: {}", (to / name).string(), failed.message()));
    }
  }
}

std::filesystem::path raw_weights_file(const std::filesystem::path& folder,
                                       const std::string& part) {
  return folder / (part + ".safetensors");
}

std::filesystem::path averaged_weights_file(const std::filesystem::path& folder,
                                            const std::string& part) {
  return folder / (part + "_ema.safetensors");
}

std::filesystem::path weights_file(const std::filesystem::path& folder, const std::string& part) {
  const auto averaged = averaged_weights_file(folder, part);
  return std::filesystem::exists(averaged) ? averaged : raw_weights_file(folder, part);
}

std::string file_hash(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw Error(ExitCode::unreadable_input, fmt::format("{}: cannot be opened", path.string()));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(1 << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), file.gcount() > 0) {
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  return fmt::format("sha256:{:02x}", fmt::join(digest, ""));
}

}  // namespace oasis::model
