#include "eval/page/markup.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>

namespace oasis::eval::page {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kMinus = "\xE2\x88\x92";
constexpr std::string_view kInfinity = "\xE2\x88\x9E";
constexpr std::string_view kAbsent = "\xE2\x80\x93";

std::uint8_t byte(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

// The length of the UTF-8 sequence that starts at `i`, or 0 if there is none (RFC 3629: no
// overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t sequence_length(std::string_view text, std::size_t i) {
  const std::uint8_t lead = byte(text, i);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t j = 1; j < length; ++j) {
    if ((byte(text, i + j) & 0xC0) != 0x80) return 0;
  }
  if (length < 3) return length;
  const std::uint8_t second = byte(text, i + 1);
  const bool bad = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0) ||
                   (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90);
  return bad ? 0 : length;
}

std::string_view entity(char character) {
  switch (character) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

bool is_control(char character) {
  const auto code = static_cast<std::uint8_t>(character);
  return (code < 0x20 && character != '\n' && character != '\t') || code == 0x7F;
}

// -0.0004 with three decimals is 0.000, without a sign.
bool rounds_to_zero(double value, int decimals) {
  return std::abs(value) < 0.5 * std::pow(10.0, -decimals);
}

std::string base64(const std::vector<std::uint8_t>& bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? bytes[i + j] : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text.push_back(i + j > bytes.size() ? '=' : letters[group >> (18 - 6 * j) & 63U]);
    }
  }
  return text;
}

}  // namespace

std::string escape(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text, i);
    if (length == 0 || is_control(text[i])) {
      html += kReplacement;
      ++i;
      continue;
    }
    const std::string_view special = entity(text[i]);
    html += special.empty() ? text.substr(i, length) : special;
    i += length;
  }
  return html;
}

std::string number(double value, int decimals) {
  if (std::isnan(value)) return std::string(kAbsent);
  const bool negative = value < 0 && !rounds_to_zero(value, decimals);
  const std::string sign(negative ? kMinus : std::string_view());
  if (std::isinf(value)) return sign + std::string(kInfinity);
  return sign + fmt::format("{:.{}f}", std::abs(value), decimals);
}

std::string signed_number(double value, int decimals) {
  const bool positive = value > 0 && !rounds_to_zero(value, decimals);
  return fmt::format("{}{}", positive ? "+" : "", number(value, decimals));
}

std::string sort_key(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return fmt::format("{}", value);
}

nlohmann::json json_value(double value, int decimals) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return number(value, decimals);
  const double scale = std::pow(10.0, decimals);
  const double rounded = std::round(value * scale) / scale;
  return std::isfinite(rounded) ? rounded : value;
}

std::string json_script(std::string_view id, const nlohmann::json& data) {
  const std::string text = data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string html = fmt::format("<script type=\"application/json\" id=\"{}\">", id);
  html.reserve(html.size() + text.size() + 16);
  for (const char character : text) {
    if (character == '<') {
      html += "\\u003c";
    } else {
      html.push_back(character);
    }
  }
  return html + "</script>\n";
}

std::string data_uri(const Picture& picture) {
  return fmt::format("data:{};base64,{}", escape(picture.mime), base64(picture.bytes));
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace oasis::eval::page
