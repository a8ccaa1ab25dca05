#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace oasis::config {

/// One word of a YAML list and the line it stands in, counted from 1.
struct Word {
  std::string text;
  int line = 0;
};

/// A list of words inside a list, with the line where it begins.
struct WordRow {
  std::vector<Word> words;
  int line = 0;
};

/// A mapping of a YAML file, read strictly: every value has the type that is asked for, and keys
/// that nobody asked for are an error. All errors are `oasis::Error` (usage) with file and line.
class ConfigNode {
 public:
  static ConfigNode load(const std::filesystem::path& path);
  /// As `load`, with values of "a.b=c" strings put in place of the file's or added to them; c is
  /// YAML.
  static ConfigNode load(const std::filesystem::path& path,
                         const std::vector<std::string>& overrides);
  /// `name` stands for the file in messages.
  static ConfigNode parse(const std::string& text, const std::string& name);
  ~ConfigNode();
  ConfigNode(ConfigNode&&) noexcept;

  bool has(const std::string& key) const;
  ConfigNode child(const std::string& key) const;
  /// A list of mappings.
  std::vector<ConfigNode> items(const std::string& key) const;
  /// A list of lists of mappings.
  std::vector<std::vector<ConfigNode>> item_rows(const std::string& key) const;
  /// Whether the key is there and holds a list.
  bool is_list(const std::string& key) const;

  std::string text(const std::string& key) const;
  std::int64_t integer(const std::string& key) const;
  double number(const std::string& key) const;
  bool boolean(const std::string& key) const;
  std::vector<double> numbers(const std::string& key) const;
  std::vector<std::int64_t> integers(const std::string& key) const;
  std::vector<bool> booleans(const std::string& key) const;
  std::vector<std::string> texts(const std::string& key) const;
  /// A list of lists of words.
  std::vector<WordRow> word_rows(const std::string& key) const;

  std::string text(const std::string& key, const std::string& absent) const;
  std::int64_t integer(const std::string& key, std::int64_t absent) const;
  double number(const std::string& key, double absent) const;
  bool boolean(const std::string& key, bool absent) const;

  /// This mapping as YAML text.
  std::string dump() const;

  /// The keys of this mapping, in the file's order; asking for them counts as knowing them.
  std::vector<std::string> keys() const;

  /// Throws if the mapping holds a key that has not been asked for, and names the nearest one that
  /// has.
  void reject_unknown() const;

  /// Throws an error that begins with the file and the line of `key`.
  [[noreturn]] void fail(const std::string& key, const std::string& message) const;
  /// The same for a line that is known already.
  [[noreturn]] void fail_at(int line, const std::string& message) const;

 private:
  struct State;
  explicit ConfigNode(std::unique_ptr<State> state);
  template <typename T>
  T get(const std::string& key, const char* type) const;

  std::unique_ptr<State> state_;
};

/// The one of `candidates` that takes the fewest single-letter edits from `word`, if at most a
/// third of its letters; otherwise empty.
std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace oasis::config
