#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "containers.h"
#include "dynamic_test.h"
#include "fixture.h"
#include "registry.h"

// Compares this project with golden cases made by the reference implementations: one test per file
// below the folder that OASIS_GOLDEN_DIR names.

namespace oasis::golden {
namespace {

namespace fs = std::filesystem;

// Areas that a build without OpenCV and FFmpeg does not contain.
#ifdef OASIS_WITH_MEDIA
constexpr std::array<const char*, 0> areas_of_media = {};
#else
constexpr std::array areas_of_media = {"blur_kernel", "degrade_ops", "degrade_plan", "resize",
                                       "color_fix"};
#endif

bool is_left_out(const std::string& area) {
  return std::find(areas_of_media.begin(), areas_of_media.end(), area) != areas_of_media.end();
}

void check_case(const fs::path& path) {
  const std::string folder = path.parent_path().filename().string();
  const Fixture fixture = Fixture::load(path);
  ASSERT_EQ(fixture.area(), folder) << "the folder and the file's metadata disagree";
  const AreaCheck check = find_area(fixture.area());
  ASSERT_NE(check, nullptr) << "unknown area " << fixture.area();
  check(fixture);
}

std::vector<fs::path> find_cases(const fs::path& golden) {
  std::vector<fs::path> cases;
  fs::recursive_directory_iterator entries(golden);
  for (auto entry = fs::begin(entries); entry != fs::end(entries); ++entry) {
    if (entry->is_directory() && entry.depth() == 0 &&
        is_container_area(entry->path().filename().string())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && entry->path().extension() == ".safetensors") {
      cases.push_back(entry->path());
    }
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

void register_failure(const std::string& name, const std::string& why) {
  register_test("golden_dir", name, [why] { FAIL() << why; });
}

void register_all(const fs::path& golden, bool is_default) {
  std::error_code error;
  if (!fs::is_directory(golden, error)) {
    register_failure("missing", fmt::format("no folder of golden cases at {}", golden.string()));
    return;
  }
  const std::vector<fs::path> cases = find_cases(golden);
  std::size_t left_out = 0;
  for (const fs::path& path : cases) {
    const std::string folder = path.parent_path().filename().string();
    if (is_left_out(folder)) {
      ++left_out;
    } else {
      register_test(folder, path.stem().string(), [path] { check_case(path); });
    }
  }
  if (left_out > 0) {
    fmt::print("{} cases are of areas that this build, without OpenCV and FFmpeg, does not have\n",
               left_out);
  }
  const std::size_t containers = register_container_tests(golden, is_default);
  if (cases.empty() && (is_default || containers == 0)) {
    register_failure("empty", fmt::format("no golden cases below {}", golden.string()));
  }
}

}  // namespace
}  // namespace oasis::golden

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const char* named = std::getenv("OASIS_GOLDEN_DIR");
  const bool is_default = named == nullptr || *named == '\0';
  oasis::golden::register_all(is_default ? OASIS_DEFAULT_GOLDEN_DIR : named, is_default);
  return RUN_ALL_TESTS();
}
