#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::checkpoint {

struct PthOptions {
  /// Dotted path to the dictionary of tensors inside the file ("state_dict"); empty: the root.
  std::string select;
};

/// What a checkpoint of `torch.save` holds in the selected dictionary.
struct PthFile {
  StateDict tensors;                 ///< on the CPU; views of one storage share their memory
  std::vector<std::string> skipped;  ///< names of plain values (numbers, strings, None)
};

/// Reads a checkpoint in PyTorch's zip or legacy format, pickle protocols 2 to 5. Nothing that the
/// file names is ever called. The file stays mapped for as long as a tensor lives, and aligned data
/// are not copied. In the selected dictionary everything but tensors and plain values is an error;
/// what stands beside it may be anything. `oasis::Error` (unreadable_input) names file and defect.
PthFile read_pth(const std::filesystem::path& path, const PthOptions& options = {});

}  // namespace oasis::checkpoint
