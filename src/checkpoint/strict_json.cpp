#include "oasis/checkpoint/strict_json.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "oasis/core/error.h"

namespace oasis::checkpoint {
namespace {

constexpr int max_depth = 32;
constexpr std::string_view white_space = " \t\r\n";

Error bad_json(const std::string& where, const std::string& why) {
  return Error(ExitCode::unreadable_input, fmt::format("{}: {}", where, why));
}

// What the parser lets pass: a byte order mark, and a NUL byte, which it takes for the end.
void check_frame(std::string_view text, const std::string& where) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && white_space.find(c) == std::string_view::npos) {
      throw bad_json(where, "is not JSON: it holds a control character");
    }
  }
  const std::size_t first = text.find_first_not_of(white_space);
  if (first == std::string_view::npos) throw bad_json(where, "is empty");
  const std::size_t last = text.find_last_not_of(white_space);
  if (text[first] != '{' || text[last] != '}') {
    throw bad_json(where, "is not one JSON object");
  }
}

/// Watches a parse for names that occur twice and for deep nesting.
class Watch {
 public:
  explicit Watch(const std::string& where) : where_(where) {}

  bool operator()(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (depth > max_depth) {
      throw bad_json(where_, fmt::format("JSON is nested deeper than {} levels", max_depth));
    }
    if (event == Event::object_start) names_.emplace_back();
    if (event == Event::object_end) names_.pop_back();
    if (event == Event::key && !names_.back().insert(parsed.get<std::string>()).second) {
      throw bad_json(where_, fmt::format("the name {} occurs twice",
                                         quoted_name(parsed.get_ref<const std::string&>())));
    }
    return true;
  }

 private:
  const std::string& where_;
  std::vector<std::set<std::string>> names_;
};

}  // namespace

nlohmann::json parse_strict_json(std::string_view text, const std::string& where) {
  check_frame(text, where);
  Watch watch(where);
  const nlohmann::json::parser_callback_t callback =
      [&watch](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
        return watch(depth, event, parsed);
      };
  try {
    return nlohmann::json::parse(text.begin(), text.end(), callback);
  } catch (const nlohmann::json::parse_error& error) {
    throw bad_json(where, fmt::format("is not valid JSON at byte {}", error.byte));
  } catch (const nlohmann::json::exception&) {
    throw bad_json(where, "holds a number that is out of range");
  }
}

std::string quoted_name(std::string_view name) {
  constexpr std::size_t limit = 200;
  const bool cut = name.size() > limit;
  std::string text = nlohmann::json(std::string(name.substr(0, limit)))
                         .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (cut) text += "...";
  return text;
}

}  // namespace oasis::checkpoint
