#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace oasis::model::testing {

/// Values in [-1, 1) that depend only on a name and an index, so that a test needs no files.
inline double hashed_value(const std::string& name, std::uint32_t index) {
  std::uint32_t x = 0x811C9DC5U;
  for (const unsigned char c : name) x = (x ^ c) * 0x01000193U;
  x += index * 0x9E3779B9U;
  x = (x ^ (x >> 16U)) * 0x85EBCA6BU;
  x = (x ^ (x >> 13U)) * 0xC2B2AE35U;
  x ^= x >> 16U;
  return 2.0 * x / 4294967296.0 - 1.0;
}

/// A float64 tensor of such values.
inline at::Tensor hashed_tensor(const std::string& name, const std::vector<std::int64_t>& shape) {
  auto tensor = at::empty(shape, at::kDouble);
  auto* values = tensor.data_ptr<double>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = hashed_value(name, static_cast<std::uint32_t>(i));
  }
  return tensor;
}

/// A parameter of plausible size: tables, norm weights, biases and matrices each by their rule.
inline at::Tensor hashed_parameter(const std::string& name,
                                   const std::vector<std::int64_t>& shape) {
  const auto ends_in = [&](const std::string& part) {
    return name.size() >= part.size() && name.substr(name.size() - part.size()) == part;
  };
  auto tensor = hashed_tensor(name, shape);
  if (ends_in("modulation")) return tensor.mul_(0.5);
  if (name.find("norm") != std::string::npos && ends_in("weight")) return tensor.mul_(0.3).add_(1);
  if (ends_in("bias")) return tensor.mul_(0.2);
  const auto fan_in = static_cast<double>(tensor.numel() / tensor.size(0));
  return tensor.mul_(std::sqrt(3.0 / fan_in));
}

}  // namespace oasis::model::testing
