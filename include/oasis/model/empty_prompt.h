#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>

namespace oasis::model {

/// The two namings of the umT5 encoder's tensors.
enum class T5Naming { official, transformers };

/// Gives a tensor of a checkpoint by name; an undefined tensor if there is none of that name. It is
/// asked layer by layer and each tensor is let go after use, so a reader of mapped files needs
/// little memory.
using TensorSource = std::function<at::Tensor(const std::string& name)>;

/// The umT5 encoder's answer to the empty prompt: `[1, text_dim]`, float32, on the CPU.
///
/// The empty prompt is the single token `</s>` (id 1) and 511 masked ones. A lone token attends to
/// itself with weight 1, so queries, keys and position biases drop out and attention is o(v(x)).
/// Computed in float32 whatever the stored dtype. Throws `oasis::Error` (unreadable_input) that
/// names a missing or mis-shaped tensor.
at::Tensor empty_prompt_context(const TensorSource& source, T5Naming naming,
                                std::int64_t layers = 24);

}  // namespace oasis::model
