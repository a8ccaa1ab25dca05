#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace oasis::checkpoint {

/// Tensors by name, as in a Python state dict.
using StateDict = std::map<std::string, at::Tensor>;

/// What a load found: the three ways in which a checkpoint and a model can disagree.
struct LoadReport {
  std::vector<std::string> missing;     ///< in the model, not in the checkpoint
  std::vector<std::string> unexpected;  ///< in the checkpoint, not in the model
  std::vector<std::string> mismatched;  ///< "name: file [2, 3], model [2, 4]"

  bool complete() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
  /// All disagreements on one line; at most `limit` names of each kind.
  std::string summary(std::size_t limit = 8) const;
};

/// The names and shapes of `source` against those of `targets`, whose values (and devices, "meta"
/// included) do not matter.
LoadReport compare_tensors(const std::vector<std::pair<std::string, at::Tensor>>& targets,
                           const StateDict& source);

/// As `compare_tensors`, but any disagreement throws `oasis::Error` that begins with `what`.
void require_fit(const std::vector<std::pair<std::string, at::Tensor>>& targets,
                 const StateDict& source, const std::string& what);

/// What becomes of the memory through which the tensors of a mapped file were read.
enum class SourcePages {
  keep,
  /// Given back after each tensor, so that a model needs the memory of one copy. For state dicts
  /// that nobody has written into (see `release_mapped_pages`).
  release,
};

/// Copies `source` into the tensors of `targets` (name, tensor), casting and moving each; a target
/// of another shape is left alone and reported. Runs without gradient recording.
LoadReport load_tensors(const std::vector<std::pair<std::string, at::Tensor>>& targets,
                        const StateDict& source, SourcePages pages = SourcePages::keep);

/// As `load_tensors`, but any disagreement throws `oasis::Error` that begins with `what`.
void load_strictly(const std::vector<std::pair<std::string, at::Tensor>>& targets,
                   const StateDict& source, const std::string& what,
                   SourcePages pages = SourcePages::keep);

/// Removes the first of `prefixes` that every name begins with; otherwise returns `source` as it
/// is.
StateDict strip_common_prefix(StateDict source, const std::vector<std::string>& prefixes);

/// The entries below `prefix` (a dot included by the caller), without it.
StateDict below_prefix(const StateDict& source, const std::string& prefix);

}  // namespace oasis::checkpoint
