#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string>

namespace oasis {

/// "cpu", "cuda" or "cuda:1". Throws `oasis::Error` (usage) for anything else, and (failed) for a
/// CUDA device that this machine or build does not have.
c10::Device parse_device(const std::string& name);

/// "fp32", "bf16" or "fp16"; empty: fp32 on the CPU, bf16 on CUDA. Throws `oasis::Error` (usage).
c10::ScalarType parse_precision(const std::string& name, c10::Device device);

/// "fp32", "bf16", "fp16": the inverse of `parse_precision`.
std::string precision_name(c10::ScalarType type);

/// All of the device's memory in bytes, used or not.
std::int64_t device_memory(c10::Device device);

/// Threads for tensor work; 0 keeps the default (all cores).
void set_threads(int threads);

}  // namespace oasis
