#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "oasis/eval/results.h"

namespace oasis::eval::page {

/// `text` for an HTML text or a quoted attribute. Control characters and bytes that are no UTF-8
/// become U+FFFD.
std::string escape(std::string_view text);

/// "31.02", "−0.12" (with a real minus sign), "∞", "−∞", or "–" for NaN.
std::string number(double value, int decimals);

/// As `number`, with a plus sign where the value is above 0.
std::string signed_number(double value, int decimals);

/// For an attribute by which a script sorts: "31.0212", "Infinity", "-Infinity", "NaN".
std::string sort_key(double value);

/// A value of a curve: rounded to `decimals`; null for NaN, "∞" and "−∞" for the infinities.
nlohmann::json json_value(double value, int decimals);

/// `<script type="application/json" id=...>` with every "<" written as an escape, so that no text
/// can end the element.
std::string json_script(std::string_view id, const nlohmann::json& data);

/// "data:image/jpeg;base64,...".
std::string data_uri(const Picture& picture);

/// "3 clips", "1 clip".
std::string counted(std::size_t count, std::string_view noun);

}  // namespace oasis::eval::page
