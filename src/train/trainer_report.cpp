#include <c10/core/CachingDeviceAllocator.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "oasis/core/log.h"
#include "train/trainer_run.h"

namespace oasis::train {
namespace {

// A field of /proc/self/status in bytes; 0 if it is not there.
std::int64_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(field + ":", 0) == 0) return std::atoll(line.c_str() + field.size() + 1) * 1024;
  }
  return 0;
}

// What a step of the log shows: on the CPU without the packed samples, which are mapped files and
// leave when others need the memory.
std::int64_t memory_to_show(c10::Device device) {
  return device.is_cpu() ? status_bytes("RssAnon") : peak_memory(device);
}

}  // namespace

std::int64_t peak_memory(c10::Device device) {
  if (!device.is_cpu()) {
    const auto index = device.has_index() ? device.index() : c10::DeviceIndex{0};
    return at::getDeviceAllocator(device.type())->getDeviceStats(index).allocated_bytes[0].peak;
  }
  return status_bytes("VmHWM");
}

void Trainer::Run::report(const LogRow& row, double step_seconds) {
  if (comm->rank() != 0) return;
  log_file->add(state.step, row);
  std::string parts;
  for (const auto& [name, value] : row) {
    if (name.rfind("loss/", 0) == 0) parts += fmt::format(" {} {:.4g}", name.substr(5), value);
  }
  const auto gain = row.find("gain_db");
  if (gain != row.end()) parts += fmt::format(" gain {:+.2f} dB", gain->second);
  const double waited = loader->waited() - waited_before;
  waited_before = loader->waited();
  const std::string line = fmt::format(
      "loss {:.4g} ({}), rate {:.2g}, gradient {:.2g}, {:.2f} samples/s, {:.1f} GB, waited {:.0f}% "
      "for data",
      row.at("loss"), parts.substr(std::min<std::size_t>(1, parts.size())), row.at("rate"),
      row.at("grad_norm"), static_cast<double>(config.global_batch) / step_seconds,
      static_cast<double>(memory_to_show(device)) * 1e-9,
      100.0 * waited / std::max(step_seconds, 1e-9));
  if (progress) {
    progress->note(line);
    progress->update(state.step);
  }
  log::debug("step {}: {}", state.step, line);
}

}  // namespace oasis::train
