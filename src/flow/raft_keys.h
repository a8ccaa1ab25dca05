#pragma once

#include <string>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::flow {

/// A RAFT checkpoint of either naming (princeton-vl/RAFT, with or without `module.`, or
/// torchvision) under this project's names: Princeton's, with `downsample.1` for the shortcut's
/// norm. `num_batches_tracked` is dropped. Throws `oasis::Error` that begins with `what` if the two
/// copies of a shortcut's norm differ.
checkpoint::StateDict raft_weights(const checkpoint::StateDict& file, bool bottleneck,
                                   const std::string& what);

}  // namespace oasis::flow
