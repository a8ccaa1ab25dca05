#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "oasis/eval/clip_pairs.h"
#include "oasis/eval/evaluator.h"
#include "oasis/eval/results.h"

namespace oasis::eval {

/// Finished clips on disk, so that a later run with the same files and choices skips them. One file
/// a clip, written when the clip is done; the key that it belongs to stands in it.
class ClipStore {
 public:
  /// `folder` is made when the first clip is saved; empty: nothing is kept.
  explicit ClipStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The result of this key, if it is there and whole.
  std::optional<ClipResult> find(const std::string& name, const std::string& key) const;
  /// A folder that cannot be written to is said once, and nothing is kept from then on.
  void save(const ClipResult& result, const std::string& key);

 private:
  std::filesystem::path file_of(const std::string& name, const std::string& key) const;

  std::filesystem::path folder_;
};

/// Everything that a clip's result depends on: the files' names, sizes and times, the protocol, the
/// metrics with their weight files, the frames, the device and the program's version.
std::string clip_key(const ClipPair& pair, const EvaluationOptions& options,
                     const std::string& weights);

}  // namespace oasis::eval
