#include "formula.h"

#include <ATen/Functions.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace oasis::golden {
namespace {

std::uint32_t fnv1a(const std::string& text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 16777619U;
  }
  return hash;
}

// The i-th 32 random bits of the stream that `start` names.
std::uint32_t noise(std::uint32_t start, std::uint32_t i) {
  std::uint32_t x = start + 2654435761U * i;
  x ^= x >> 16;
  x *= 0x85ebca6bU;
  x ^= x >> 13;
  x *= 0xc2b2ae35U;
  x ^= x >> 16;
  return x;
}

at::Tensor byte_tensor(const std::vector<std::int64_t>& shape, std::uint32_t start) {
  at::Tensor result = at::empty(shape, at::kByte);
  auto* values = result.mutable_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < result.numel(); ++i) {
    values[i] = static_cast<std::uint8_t>(noise(start, static_cast<std::uint32_t>(i)) >> 24);
  }
  return result;
}

at::Tensor float_tensor(const std::vector<std::int64_t>& shape, std::uint32_t start, double scale,
                        double shift) {
  at::Tensor result = at::empty(shape, at::kFloat);
  auto* values = result.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < result.numel(); ++i) {
    const double u = noise(start, static_cast<std::uint32_t>(i)) / 4294967296.0 - 0.5;
    // The reference rounds the product before it adds: no fused multiply-add.
    const volatile double product = u * scale;
    values[i] = static_cast<float>(product + shift);
  }
  return result;
}

}  // namespace

checkpoint::StateDict expand_formula(const nlohmann::json& formula) {
  const std::string prefix = formula.at("prefix").get<std::string>();
  checkpoint::StateDict tensors;
  for (const auto& [name, spec] : formula.at("tensors").items()) {
    const auto shape = spec.at(0).get<std::vector<std::int64_t>>();
    if (spec.at(1).is_string()) {
      if (spec.at(1) != "byte") throw std::invalid_argument("unknown formula of " + name);
      tensors.emplace(name, byte_tensor(shape, fnv1a(prefix + name)));
      continue;
    }
    const std::string hashed = spec.size() > 3 ? spec.at(3).get<std::string>() : name;
    tensors.emplace(name, float_tensor(shape, fnv1a(prefix + hashed), spec.at(1).get<double>(),
                                       spec.at(2).get<double>()));
  }
  return tensors;
}

}  // namespace oasis::golden
