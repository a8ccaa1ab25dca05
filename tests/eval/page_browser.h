#pragma once

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "page_demo.h"

/// A headless browser of the Chromium family.
namespace page_browser {

namespace fs = std::filesystem;

/// OASIS_BROWSER, or the first known name in PATH.
inline std::optional<std::string> find() {
  if (const char* chosen = std::getenv("OASIS_BROWSER"); chosen != nullptr && *chosen != '\0') {
    return chosen;
  }
  const char* path = std::getenv("PATH");
  for (const char* name : {"chromium-headless-shell", "chromium", "google-chrome"}) {
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
      const fs::path program = fs::path(folder) / name;
      // A snap sees no temporary files.
      const bool snap = fs::weakly_canonical(program).string().find("/snap") != std::string::npos;
      if (!snap && ::access(program.c_str(), X_OK) == 0) return program.string();
    }
  }
  return std::nullopt;
}

struct Window {
  int width = 1200;
  int height = 900;
  bool dark = false;
};

/// What a page became in the browser.
struct Visit {
  int status = 0;
  std::string root;                  ///< the opening <html> tag
  std::vector<std::string> console;  ///< messages
  fs::path screenshot;

  /// "data-NAME" of the root element; empty if there is none.
  std::string data(const std::string& name) const {
    std::smatch found;
    const std::regex attribute(" data-" + name + "=\"([^\"]*)\"");
    return std::regex_search(root, found, attribute) ? found[1].str() : std::string();
  }
};

inline std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char character : text)
    result += character == '\'' ? "'\\''" : std::string(1, character);
  return result + "'";
}

/// Opens the page, waits until it is quiet, and takes a picture into `folder`.
inline Visit visit(const std::string& browser, const fs::path& page, const Window& window,
                   const page_demo::Folder& folder) {
  Visit result;
  result.screenshot = folder / "screenshot.png";
  const std::string command =
      "timeout 60 " + quoted(browser) +
      " --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars"
      " --enable-logging=stderr --virtual-time-budget=2000 --user-data-dir=" +
      quoted((folder / "profile").string()) + " --window-size=" + std::to_string(window.width) +
      "," + std::to_string(window.height) +
      (window.dark ? " --blink-settings=preferredColorScheme=0" : "") +
      " --screenshot=" + quoted(result.screenshot.string()) + " --dump-dom " +
      quoted("file://" + page.string()) + " >" + quoted((folder / "dom").string()) + " 2>" +
      quoted((folder / "log").string());
  result.status = std::system(command.c_str());
  const std::string dom = page_demo::text_of(folder / "dom");
  if (const auto begin = dom.find("<html"); begin != std::string::npos) {
    result.root = dom.substr(begin, dom.find('>', begin) - begin + 1);
  }
  std::istringstream log(page_demo::text_of(folder / "log"));
  for (std::string line; std::getline(log, line);) {
    if (line.find(":CONSOLE") != std::string::npos) result.console.push_back(line);
  }
  return result;
}

}  // namespace page_browser
