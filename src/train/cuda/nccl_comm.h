#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "oasis/train/comm.h"

namespace oasis::train {

/// Collectives of CUDA tensors by NCCL on the current stream; one GPU a rank. The store carries
/// NCCL's identifier from rank 0 to the others.
std::shared_ptr<Comm> nccl_comm(const c10::intrusive_ptr<c10d::Store>& store, int rank, int world,
                                c10::Device device);

}  // namespace oasis::train
