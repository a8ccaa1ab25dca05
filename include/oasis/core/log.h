#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

/// Log lines on standard error. The logging library stays behind this header.
namespace oasis::log {

enum class Level { debug, info, warn, error, off };

/// Lines below `level` are dropped. Default: `info`.
void set_level(Level level);

/// Writes one line: `warning: ...` and `error: ...` carry their level, the others are plain.
void write(Level level, const std::string& message);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warn, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace oasis::log
