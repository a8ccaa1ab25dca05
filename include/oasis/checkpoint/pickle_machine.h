#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace oasis::checkpoint {

/// What a pickled value is. Calls stay descriptions: nothing that a pickle names is ever called.
enum class PickleKind : std::uint8_t {
  none,
  boolean,      ///< `integer` is 0 or 1
  integer,      ///< `integer`
  big_integer,  ///< `text`: two's complement, little-endian, more than 8 bytes
  real,         ///< `real`
  text,         ///< `text`, UTF-8 as a rule
  bytes,        ///< `text`
  tuple,        ///< `items`
  list,         ///< `items`
  set,          ///< `items`
  dictionary,   ///< `items`: key, value, key, value, ...
  global,       ///< `text` is the module, `name` the name in it
  call,         ///< `items`: what is called (or instantiated), its arguments as a tuple
  persistent,   ///< `items`: the persistent id
};

/// A value names others by their number, so that nesting costs no call stack, not even when freed.
struct PickleValue {
  PickleKind kind = PickleKind::none;
  union {
    std::int64_t integer = 0;
    double real;
  };
  std::string_view text;  ///< lies in the pickle's bytes
  std::string_view name;
  std::vector<std::uint32_t> items;
};

/// All values of one pickle. Its texts lie in the bytes that were read, which must outlive it.
class PickleTree {
 public:
  const PickleValue& operator[](std::uint32_t index) const { return values_[index]; }
  std::size_t size() const { return values_.size(); }
  const PickleValue& root() const { return values_[root_]; }
  /// Whether the value is the global `module.name`.
  bool is_global(std::uint32_t index, std::string_view module, std::string_view name) const;

 private:
  friend class PickleMachine;
  std::vector<PickleValue> values_;
  std::uint32_t root_ = 0;
};

/// Reads the pickle (protocols 2 to 5) at `position` of `bytes` and moves `position` behind it.
/// Memory and time are bounded by the length of the bytes, and nesting needs no call stack. An
/// `OrderedDict` becomes a dictionary; the state of other objects (BUILD) is dropped.
/// `oasis::Error` (unreadable_input) begins with `where`.
PickleTree read_pickle(std::string_view bytes, std::size_t& position, const std::string& where);

}  // namespace oasis::checkpoint
