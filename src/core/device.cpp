#include "oasis/core/device.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/cuda.h>
#include <unistd.h>

#include <charconv>

#include "oasis/core/error.h"
#ifdef OASIS_WITH_CUDA
#include <ATen/cuda/CUDAContext.h>
#endif

namespace oasis {
namespace {

int parse_index(const std::string& name, std::size_t begin) {
  int index = -1;
  const char* end = name.data() + name.size();
  const auto result = std::from_chars(name.data() + begin, end, index);
  if (result.ec != std::errc() || result.ptr != end || index < 0) {
    throw Error(ExitCode::usage, fmt::format("unknown device '{}': use cpu, cuda or cuda:N", name));
  }
  return index;
}

}  // namespace

c10::Device parse_device(const std::string& name) {
  if (name == "cpu") return c10::Device(c10::kCPU);
  const bool indexed = name.starts_with("cuda:");
  if (name != "cuda" && !indexed) {
    throw Error(ExitCode::usage, fmt::format("unknown device '{}': use cpu, cuda or cuda:N", name));
  }
  const int index = indexed ? parse_index(name, 5) : 0;
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (index >= count) {
    throw Error(fmt::format("device '{}' is not there: {} CUDA device(s) found; use --device cpu",
                            name, count));
  }
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

c10::ScalarType parse_precision(const std::string& name, c10::Device device) {
  if (name.empty()) return device.is_cuda() ? c10::kBFloat16 : c10::kFloat;
  if (name == "fp32") return c10::kFloat;
  if (name == "bf16") return c10::kBFloat16;
  if (name == "fp16") return c10::kHalf;
  throw Error(ExitCode::usage, fmt::format("unknown precision '{}': use fp32, bf16 or fp16", name));
}

std::string precision_name(c10::ScalarType type) {
  if (type == c10::kBFloat16) return "bf16";
  if (type == c10::kHalf) return "fp16";
  return "fp32";
}

std::int64_t device_memory(c10::Device device) {
#ifdef OASIS_WITH_CUDA
  if (device.is_cuda()) {
    return static_cast<std::int64_t>(
        at::cuda::getDeviceProperties(device.has_index() ? device.index() : c10::DeviceIndex{0})
            ->totalGlobalMem);
  }
#endif
  if (!device.is_cpu()) throw Error(fmt::format("the memory of '{}' is not known", device.str()));
  return static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
}

void set_threads(int threads) {
  if (threads > 0) at::set_num_threads(threads);
}

}  // namespace oasis
