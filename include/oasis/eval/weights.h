#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::eval {

/// A file that a metric needs, as it is published.
struct WeightFile {
  std::string role;                ///< "lpips trunk, AlexNet"
  std::vector<std::string> names;  ///< that it may have; the first is the official one
  std::string sha256;              ///< hex; empty: not known
  std::string where;               ///< who publishes it, or what makes it
};

/// The files of a metric of the catalogue; none for those that need no weights.
std::vector<WeightFile> weight_files_of(const std::string& metric, bool dis_flow);

/// What `--weights-help` prints: metric, files, where they come from.
std::string weights_help();

/// A folder of weight files.
class WeightFolder {
 public:
  /// A file that was looked for.
  struct Found {
    std::filesystem::path path;  ///< empty: it is not there, and `problem` says so
    std::string problem;  ///< "needs DOVER.pth in --weights" or "... is not the official file"
    bool wrong = false;   ///< it is there, but it is another file
  };

  /// `folder` may be empty: nothing is found. `checked`: known hashes must fit.
  WeightFolder(std::filesystem::path folder, bool checked);

  Found find(const WeightFile& file);

  /// The tensors of a safetensors or torch.save file, whichever it is.
  static checkpoint::StateDict load(const std::filesystem::path& path);

  /// Hashes of the files found so far, "sha256:..." by name.
  const std::map<std::string, std::string>& hashes() const { return hashes_; }

 private:
  std::filesystem::path folder_;
  bool checked_;
  std::map<std::string, std::string> hashes_;
};

}  // namespace oasis::eval
