#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <functional>

namespace oasis::tools {

/// The most bytes of tensors and kernels' work space that `work` holds at once on `device`, over
/// what is held before. Not while another call is running.
std::size_t peak_bytes(c10::Device device, const std::function<void()>& work);

}  // namespace oasis::tools
