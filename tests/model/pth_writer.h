#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::model::testing {

/// A little-endian number of `bytes` bytes.
inline std::string number(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 255U);
  return text;
}

inline std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320U & (0U - (crc & 1U)));
  }
  return ~crc;
}

/// A zip file of stored members, as APPNOTE.TXT sections 4.3.7, 4.3.12 and 4.3.16 describe it.
inline std::string zip(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string file, directory;
  for (const auto& [name, data] : members) {
    const std::string common = number(0, 2) + number(0, 2) + number(0, 4) + number(crc32(data), 4) +
                               number(data.size(), 4) + number(data.size(), 4) +
                               number(name.size(), 2) + number(0, 2);
    directory += "PK\x01\x02" + number(20, 2) + number(20, 2) + common + number(0, 2) +
                 number(0, 2) + number(0, 2) + number(0, 4) + number(file.size(), 4) + name;
    file += "PK\x03\x04" + number(20, 2) + common + name + data;
  }
  const std::size_t at = file.size();
  return file + directory + "PK\x05\x06" + number(0, 4) + number(members.size(), 2) +
         number(members.size(), 2) + number(directory.size(), 4) + number(at, 4) + number(0, 2);
}

inline std::string pickled(const std::string& text) { return "X" + number(text.size(), 4) + text; }

inline std::string pickled(at::IntArrayRef values) {
  std::string text = "(";
  for (const auto value : values) {
    text += 'J';
    text += number(static_cast<std::uint64_t>(value), 4);
  }
  return text + "t";
}

/// What torch.save writes for a state dict of float32 and bfloat16 tensors (protocol 2, zip form).
inline void write_pth(const std::filesystem::path& path, const checkpoint::StateDict& tensors) {
  const std::string ordered = "ccollections\nOrderedDict\n)R";
  std::vector<std::pair<std::string, std::string>> members = {{"archive/data.pkl", ""},
                                                              {"archive/version", "3\n"}};
  std::string pickle = "\x80\x02" + ordered + "(";
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor packed = tensor.contiguous();
    if (packed.scalar_type() != at::kFloat && packed.scalar_type() != at::kBFloat16) {
      throw std::invalid_argument(name + ": neither float32 nor bfloat16");
    }
    const std::string key = std::to_string(members.size() - 2);
    const std::string type =
        packed.scalar_type() == at::kFloat ? "FloatStorage" : "BFloat16Storage";
    pickle += pickled(name) + "ctorch._utils\n_rebuild_tensor_v2\n((" + pickled("storage") +
              "ctorch\n" + type + "\n" + pickled(key) + pickled("cpu") + "J" +
              number(static_cast<std::uint64_t>(packed.numel()), 4) + "tQJ" + number(0, 4) +
              pickled(packed.sizes()) + pickled(packed.strides()) + "\x89" + ordered + "tR";
    members.emplace_back("archive/data/" + key,
                         std::string(static_cast<const char*>(packed.const_data_ptr()),
                                     static_cast<std::size_t>(packed.nbytes())));
  }
  members[0].second = pickle + "u.";
  std::ofstream(path, std::ios::binary) << zip(members);
}

}  // namespace oasis::model::testing
