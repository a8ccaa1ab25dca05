#include "oasis/checkpoint/pickle_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <utility>

#include "oasis/core/error.h"

// Opcodes: Lib/pickletools.py of CPython.

namespace oasis::checkpoint {

bool PickleTree::is_global(std::uint32_t index, std::string_view module,
                           std::string_view name) const {
  const PickleValue& value = values_[index];
  return value.kind == PickleKind::global && value.text == module && value.name == name;
}

class PickleMachine {
 public:
  PickleMachine(std::string_view bytes, std::size_t position, const std::string& where)
      : bytes_(bytes), position_(position), where_(where) {}

  PickleTree run() {
    while (true) {
      const auto opcode = number<std::uint8_t>();
      if (opcode == '.') break;
      if (!step_constant(opcode) && !step_text(opcode) && !step_container(opcode) &&
          !step_memo(opcode) && !step_object(opcode)) {
        fail(fmt::format("unknown opcode 0x{:02x}", opcode));
      }
    }
    tree_.root_ = pop();
    return std::move(tree_);
  }

  std::size_t position() const { return position_; }

 private:
  using Index = std::uint32_t;
  // About a gigabyte of values; checkpoints have thousands.
  static constexpr std::size_t max_values = std::size_t{1} << 24;

  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: broken pickle at byte {}: {}", where_, position_, why));
  }

  // ---- reading
  // -----------------------------------------------------------------------------------

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - position_) fail("it is cut off");
    const std::string_view part = bytes_.substr(position_, count);
    position_ += count;
    return part;
  }

  template <typename T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  double big_endian_real() {
    std::uint64_t bits = 0;
    for (const char c : take(8)) bits = bits << 8 | static_cast<unsigned char>(c);
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }

  std::string_view line() {
    const std::size_t end = bytes_.find('\n', position_);
    if (end == std::string_view::npos) fail("it is cut off");
    const std::string_view text = take(end - position_);
    take(1);
    return text;
  }

  // ---- values and the stack
  // ----------------------------------------------------------------------

  Index add(PickleKind kind) {
    if (tree_.values_.size() >= max_values) fail("it has too many values");
    tree_.values_.emplace_back();
    tree_.values_.back().kind = kind;
    return static_cast<Index>(tree_.values_.size() - 1);
  }

  PickleValue& push(PickleKind kind) {
    stack_.push_back(add(kind));
    return tree_.values_.back();
  }

  bool push_integer(std::int64_t value, PickleKind kind = PickleKind::integer) {
    push(kind).integer = value;
    return true;
  }

  bool push_text(PickleKind kind, std::string_view text) {
    push(kind).text = text;
    return true;
  }

  // Two's complement, little-endian, any length.
  bool push_long(std::string_view text) {
    if (text.size() > 8) return push_text(PickleKind::big_integer, text);
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (8 * i);
    }
    const bool negative = !text.empty() && (static_cast<unsigned char>(text.back()) & 0x80U) != 0;
    if (negative && text.size() < 8) bits |= ~std::uint64_t{0} << (8 * text.size());
    return push_integer(static_cast<std::int64_t>(bits));
  }

  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  Index pop() {
    if (stack_.size() <= floor()) fail("its stack is empty");
    const Index top = stack_.back();
    stack_.pop_back();
    return top;
  }

  Index top() const {
    if (stack_.size() <= floor()) fail("its stack is empty");
    return stack_.back();
  }

  // Everything above the last mark, and the mark.
  std::vector<Index> pop_to_mark() {
    if (marks_.empty()) fail("a mark is missing");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Index> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }

  bool push_tuple(std::size_t count) {
    std::vector<Index> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    push(PickleKind::tuple).items = std::move(items);
    return true;
  }

  // Items for the container on top of the stack; those of an opaque object are dropped.
  bool extend(PickleKind kind, const std::vector<Index>& items) {
    if (kind == PickleKind::dictionary && items.size() % 2 != 0) fail("a key has no value");
    PickleValue& target = tree_.values_[top()];
    if (target.kind == PickleKind::call) return true;
    if (target.kind != kind) fail("items for a value that is no such container");
    target.items.insert(target.items.end(), items.begin(), items.end());
    return true;
  }

  // ---- opcodes: true if it was one of the group ------------------------------------------------

  bool step_constant(std::uint8_t opcode) {
    switch (opcode) {
      case 'N':
        push(PickleKind::none);
        return true;
      case 0x88:
        return push_integer(1, PickleKind::boolean);
      case 0x89:
        return push_integer(0, PickleKind::boolean);
      case 'K':
        return push_integer(number<std::uint8_t>());
      case 'M':
        return push_integer(number<std::uint16_t>());
      case 'J':
        return push_integer(number<std::int32_t>());
      case 'G': {
        const double value = big_endian_real();
        push(PickleKind::real).real = value;
        return true;
      }
      case 0x8a:
        return push_long(take(number<std::uint8_t>()));
      case 0x8b: {
        const auto length = number<std::int32_t>();
        if (length < 0) fail("a number of negative length");
        return push_long(take(static_cast<std::uint64_t>(length)));
      }
      default:
        return false;
    }
  }

  bool step_text(std::uint8_t opcode) {
    switch (opcode) {
      // Strings of Python 2 are keys and names, hence texts.
      case 'U':
        return push_text(PickleKind::text, take(number<std::uint8_t>()));
      case 'T': {
        const auto length = number<std::int32_t>();
        if (length < 0) fail("a string of negative length");
        return push_text(PickleKind::text, take(static_cast<std::uint64_t>(length)));
      }
      case 'X':
        return push_text(PickleKind::text, take(number<std::uint32_t>()));
      case 0x8c:
        return push_text(PickleKind::text, take(number<std::uint8_t>()));
      case 0x8d:
        return push_text(PickleKind::text, take(number<std::uint64_t>()));
      case 'C':
        return push_text(PickleKind::bytes, take(number<std::uint8_t>()));
      case 'B':
        return push_text(PickleKind::bytes, take(number<std::uint32_t>()));
      case 0x8e:
      case 0x96:
        return push_text(PickleKind::bytes, take(number<std::uint64_t>()));
      default:
        return false;
    }
  }

  bool step_container(std::uint8_t opcode) {
    switch (opcode) {
      case '(':
        marks_.push_back(stack_.size());
        return true;
      case ')':
        return push_tuple(0);
      case 0x85:
        return push_tuple(1);
      case 0x86:
        return push_tuple(2);
      case 0x87:
        return push_tuple(3);
      case 't':
        return push_marked(PickleKind::tuple);
      case 'l':
        return push_marked(PickleKind::list);
      case 'd':
        return push_marked(PickleKind::dictionary);
      case 0x91:
        return push_marked(PickleKind::set);
      case '}':
        push(PickleKind::dictionary);
        return true;
      case ']':
        push(PickleKind::list);
        return true;
      case 0x8f:
        push(PickleKind::set);
        return true;
      case 'a': {
        const Index item = pop();
        return extend(PickleKind::list, {item});
      }
      case 's': {
        const Index value = pop();
        const Index key = pop();
        return extend(PickleKind::dictionary, {key, value});
      }
      case 'e':
        return extend(PickleKind::list, pop_to_mark());
      case 'u':
        return extend(PickleKind::dictionary, pop_to_mark());
      case 0x90:
        return extend(PickleKind::set, pop_to_mark());
      default:
        return false;
    }
  }

  bool push_marked(PickleKind kind) {
    std::vector<Index> items = pop_to_mark();
    if (kind == PickleKind::dictionary && items.size() % 2 != 0) fail("a key has no value");
    push(kind).items = std::move(items);
    return true;
  }

  bool step_memo(std::uint8_t opcode) {
    switch (opcode) {
      case 0x80:
        if (const int protocol = number<std::uint8_t>(); protocol > 5) {
          fail(fmt::format("protocol {} is not supported", protocol));
        }
        return true;
      case 0x95:
        if (number<std::uint64_t>() > bytes_.size() - position_) fail("a frame is cut off");
        return true;
      case '0':
        // As Python does: a mark is an item too.
        if (!marks_.empty() && marks_.back() == stack_.size()) {
          marks_.pop_back();
        } else {
          pop();
        }
        return true;
      case '1':
        pop_to_mark();
        return true;
      case '2':
        stack_.push_back(top());
        return true;
      case 'q':
        return remember(number<std::uint8_t>());
      case 'r':
        return remember(number<std::uint32_t>());
      case 0x94:
        return remember(memo_.size());
      case 'h':
        return recall(number<std::uint8_t>());
      case 'j':
        return recall(number<std::uint32_t>());
      default:
        return false;
    }
  }

  bool remember(std::uint64_t slot) {
    memo_[slot] = top();
    return true;
  }

  bool recall(std::uint64_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) fail(fmt::format("memo entry {} was never stored", slot));
    stack_.push_back(found->second);
    return true;
  }

  bool step_object(std::uint8_t opcode) {
    switch (opcode) {
      case 'c': {
        const std::string_view module = line();
        return push_global(module, line());
      }
      case 0x93: {
        const Index name = pop();
        const Index module = pop();
        if (tree_[name].kind != PickleKind::text || tree_[module].kind != PickleKind::text) {
          fail("the name of a global is no string");
        }
        return push_global(tree_[module].text, tree_[name].text);
      }
      case 'R':
      case 0x81: {
        const Index arguments = pop();
        return push_call(pop(), arguments);
      }
      case 0x92: {  // with keyword arguments, which no tensor has
        pop();
        const Index arguments = pop();
        return push_call(pop(), arguments);
      }
      case 'i': {
        push_marked(PickleKind::tuple);
        const Index arguments = pop();
        const std::string_view module = line();
        push_global(module, line());
        return push_call(pop(), arguments);
      }
      case 'b':  // the state of the object below
        pop();
        static_cast<void>(top());
        return true;
      case 'Q': {
        const Index id = pop();
        push(PickleKind::persistent).items = {id};
        return true;
      }
      default:
        return false;
    }
  }

  bool push_global(std::string_view module, std::string_view name) {
    PickleValue& value = push(PickleKind::global);
    value.text = module;
    value.name = name;
    return true;
  }

  bool push_call(Index callee, Index arguments) {
    if (tree_[arguments].kind != PickleKind::tuple) fail("the arguments of a call are no tuple");
    if (tree_.is_global(callee, "collections", "OrderedDict")) return push_ordered(arguments);
    push(PickleKind::call).items = {callee, arguments};
    return true;
  }

  // Empty, or (Python 2) with its items as a list of pairs.
  bool push_ordered(Index arguments) {
    std::vector<Index> items;
    if (!tree_[arguments].items.empty()) {
      for (const Index pair : tree_[tree_[arguments].items.front()].items) {
        if (tree_[pair].items.size() != 2) fail("an OrderedDict is not made of pairs");
        items.insert(items.end(), tree_[pair].items.begin(), tree_[pair].items.end());
      }
      // One list may be named many times: what is copied stays below the length of the pickle.
      copied_ += items.size();
      if (copied_ > bytes_.size()) fail("an OrderedDict repeats itself");
    }
    push(PickleKind::dictionary).items = std::move(items);
    return true;
  }

  std::string_view bytes_;
  std::size_t position_;
  const std::string& where_;
  PickleTree tree_;
  std::vector<Index> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, Index> memo_;
  std::size_t copied_ = 0;
};

PickleTree read_pickle(std::string_view bytes, std::size_t& position, const std::string& where) {
  PickleMachine machine(bytes, position, where);
  PickleTree tree = machine.run();
  position = machine.position();
  return tree;
}

}  // namespace oasis::checkpoint
