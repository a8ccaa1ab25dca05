#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace oasis::eval::page {

/// A part of a page that the navigation names.
struct Section {
  std::string id;
  std::string title;  ///< plain text
  std::string html;
};

/// A page before it is written.
struct Document {
  std::string title;  ///< plain text, also the heading
  std::string lead;   ///< HTML below the heading
  std::vector<Section> sections;
  nlohmann::json plots = nlohmann::json::object();  ///< values of the plots, by group
};

/// Writes the page as `path` + ".part", then renames it. Throws `oasis::Error` (`failed`).
void write_document(const Document& document, const std::filesystem::path& path);

}  // namespace oasis::eval::page
