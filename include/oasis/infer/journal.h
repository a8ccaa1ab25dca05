#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace oasis::infer {

/// What a run that can be gone on from writes down: `journal.json` in a folder beside the output,
/// where the writer keeps its finished parts too.
class Journal {
 public:
  using Facts = std::map<std::string, std::string>;

  /// Takes up the journal in `folder`, or starts a new one: then the folder is emptied, and the
  /// journal gets `work`, all that the result depends on, and `settled`, what this run decides and
  /// later ones take over. Throws `oasis::Error`: `usage`, naming the first difference, if the
  /// journal there is of other work; `failed` if it cannot be read or written.
  Journal(const std::filesystem::path& folder, const Facts& work, const Facts& settled);

  /// The folder that belongs to an output.
  static std::filesystem::path folder_of(const std::filesystem::path& output);

  /// True when an earlier run began this work.
  bool continues() const { return continues_; }
  const std::filesystem::path& folder() const { return folder_; }

  /// What the first run settled under `key`; empty if nothing.
  std::string settled(const std::string& key) const;

  /// The work is done, or never began: removes the folder.
  void remove();

 private:
  void take_up(const Facts& work);
  void start(const Facts& work);

  std::filesystem::path folder_;
  Facts settled_;
  bool continues_ = false;
};

/// Size and time of change of a file, or of all files of a folder, as one word: equal while nobody
/// writes to them.
std::string file_state(const std::filesystem::path& path);

}  // namespace oasis::infer
