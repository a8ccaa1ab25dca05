#include "containers.h"

#include <ATen/Functions.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "dynamic_test.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/checkpoint/torch_pickle.h"
#include "oasis/core/error.h"
#include "sha256.h"

// The files of the readers themselves: good ones with the values they hold, bad ones that must be
// refused.

namespace oasis::golden {
namespace {

namespace fs = std::filesystem;
using checkpoint::StateDict;
using nlohmann::json;

constexpr std::array container_areas = {"safetensors", "safetensors_bad", "pth", "pth_bad"};
constexpr double slowest_refusal_s = 5.0;

json read_json(const fs::path& path) {
  std::ifstream stream(path);
  if (!stream) throw std::runtime_error("no expectations at " + path.string());
  return json::parse(stream);
}

// Numbers; those that JSON lacks are strings.
double number_of(const json& value) {
  if (value.is_number()) return value.get<double>();
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  if (value == "inf") return infinity;
  if (value == "-inf") return -infinity;
  throw std::runtime_error("no number: " + value.dump());
}

void expect_number(double actual, const json& expected, double tolerance) {
  const double reference = number_of(expected);
  if (std::isnan(reference)) {
    EXPECT_TRUE(std::isnan(actual)) << actual;
  } else if (std::isinf(reference) || tolerance == 0) {
    EXPECT_EQ(actual, reference);
  } else {
    EXPECT_NEAR(actual, reference, tolerance);
  }
}

void expect_tensor(const at::Tensor& tensor, const json& expected) {
  EXPECT_EQ(checkpoint::safetensors_dtype_name(tensor.scalar_type()),
            expected.at("dtype").get<std::string>());
  EXPECT_EQ(tensor.sizes().vec(), expected.at("shape").get<std::vector<std::int64_t>>());
  const at::Tensor packed = tensor.contiguous();
  EXPECT_EQ(sha256(packed.const_data_ptr(), packed.nbytes()),
            expected.at("sha256").get<std::string>());
  const at::Tensor values = packed.to(at::kDouble).flatten();
  const json& first = expected.at("first");
  ASSERT_LE(first.size(), static_cast<std::size_t>(values.numel()));
  for (std::size_t i = 0; i < first.size(); ++i) {
    expect_number(values[static_cast<std::int64_t>(i)].item<double>(), first[i], 0);
  }
  const double magnitudes = values.abs().sum().item<double>();
  expect_number(values.sum().item<double>(), expected.at("sum"), 1e-9 * magnitudes + 1e-300);
}

// `expected`: name to description; names that begin with two underscores are no tensors.
void expect_tensors(const StateDict& tensors, const json& expected) {
  std::set<std::string> names;
  for (const auto& [name, description] : expected.items()) {
    if (name == "__metadata__" || name == "__info__") continue;
    SCOPED_TRACE(name);
    names.insert(name);
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      ADD_FAILURE() << "the tensor is missing";
    } else {
      expect_tensor(found->second, description);
    }
  }
  for (const auto& entry : tensors) {
    EXPECT_EQ(names.count(entry.first), 1U) << "unexpected tensor " << entry.first;
  }
}

void check_safetensors(const fs::path& path) {
  const json expected = read_json(fs::path(path).replace_extension(".json"));
  const checkpoint::SafetensorsFile file = checkpoint::read_safetensors(path);
  expect_tensors(file.tensors(), expected);
  const auto metadata = expected.value("__metadata__", checkpoint::SafetensorsMetadata{});
  EXPECT_EQ(file.metadata(), metadata);
}

void check_sharded(const fs::path& index) {
  const json expected = read_json(index.parent_path() / "whole.json");
  expect_tensors(checkpoint::load_safetensors(index), expected);
  expect_tensors(checkpoint::load_safetensors(index.parent_path()), expected);
}

void check_pth(const fs::path& path) {
  const json expected = read_json(fs::path(path).replace_extension(".json"));
  const json& info = expected.at("__info__");
  checkpoint::PthFile file;
  try {
    file = checkpoint::read_pth(path, {info.at("select").get<std::string>()});
  } catch (const Error& error) {
    if (!info.at("may_reject").get<bool>()) throw;
    EXPECT_EQ(error.code(), ExitCode::unreadable_input);
    return;
  }
  expect_tensors(file.tensors, expected);
  auto ignored = info.at("ignore").get<std::vector<std::string>>();
  std::sort(ignored.begin(), ignored.end());
  std::sort(file.skipped.begin(), file.skipped.end());
  EXPECT_EQ(file.skipped, ignored);
  const auto prefix = info.at("strip").get<std::string>();
  if (prefix.empty()) return;
  for (const auto& [name, tensor] : checkpoint::strip_common_prefix(file.tensors, {prefix})) {
    EXPECT_EQ(file.tensors.count(prefix + name), 1U) << name;
  }
}

void expect_values(const StateDict& tensors, const json& expected) {
  EXPECT_EQ(tensors.size(), expected.size());
  for (const auto& [name, values] : expected.items()) {
    SCOPED_TRACE(name);
    const auto found = tensors.find(name);
    ASSERT_NE(found, tensors.end());
    const at::Tensor actual = found->second.to(at::kDouble).contiguous().flatten();
    ASSERT_EQ(static_cast<std::size_t>(actual.numel()), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      expect_number(actual[static_cast<std::int64_t>(i)].item<double>(), values[i], 0);
    }
  }
}

// An index may be refused in the name of one of its shards, which lies in the same folder.
std::string name_in_message(const fs::path& path) {
  const bool is_index = path.extension() == ".json";
  return (is_index ? path.parent_path() : path).filename().string();
}

void check_bad(const fs::path& path, const json& expected) {
  const bool must_reject = expected.at("expect") == "reject";
  const auto start = std::chrono::steady_clock::now();
  StateDict tensors;
  std::string message;
  try {
    if (path.extension() == ".pth") {
      tensors = checkpoint::read_pth(path, {expected.value("select", std::string())}).tensors;
    } else {
      tensors = checkpoint::load_safetensors(path);
    }
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::unreadable_input);
    message = error.what();
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_LT(elapsed.count(), slowest_refusal_s);
  if (message.empty()) {
    EXPECT_FALSE(must_reject) << "accepted: " << expected.at("why");
    if (expected.contains("if_accepted")) expect_values(tensors, expected.at("if_accepted"));
    return;
  }
  EXPECT_NE(message.find(name_in_message(path)), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

bool ends_with(const std::string& text, const std::string& suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

std::vector<fs::path> files_below(const fs::path& folder, const std::string& suffix) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && ends_with(entry.path().filename().string(), suffix)) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::size_t register_good(const fs::path& folder, const std::string& area,
                          const std::string& suffix, void (*check)(const fs::path&)) {
  const std::vector<fs::path> files = files_below(folder, suffix);
  for (const fs::path& file : files) {
    register_test(area, file.lexically_relative(folder).string(), [file, check] { check(file); });
  }
  return files.size();
}

std::size_t register_bad(const fs::path& folder, const std::string& area) {
  if (!fs::exists(folder / "bad.json")) {
    register_test(area, "bad_json", [] { FAIL() << "bad.json is missing"; });
    return 0;
  }
  const json expectations = read_json(folder / "bad.json");
  std::size_t count = 0;
  for (const auto& [name, expected] : expectations.items()) {
    if (!expected.is_object()) continue;
    const fs::path path = folder / name;
    ++count;
    register_test(area, name, [path, expected = expected] {
      ASSERT_TRUE(fs::exists(path)) << "bad.json names a file that is not there";
      check_bad(path, expected);
    });
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name == "bad.json" || expectations.contains(name)) continue;
    register_test(area, name, [] { FAIL() << "bad.json says nothing on this file"; });
  }
  return count;
}

std::size_t register_area(const fs::path& folder, const std::string& area) {
  if (area == "pth") return register_good(folder, area, ".pth", &check_pth);
  if (area != "safetensors") return register_bad(folder, area);
  return register_good(folder, area, ".safetensors", &check_safetensors) +
         register_good(folder, area, ".safetensors.index.json", &check_sharded);
}

}  // namespace

bool is_container_area(const std::string& folder) {
  return std::find(container_areas.begin(), container_areas.end(), folder) != container_areas.end();
}

std::size_t register_container_tests(const fs::path& golden, bool all_required) {
  std::size_t total = 0;
  for (const std::string area : container_areas) {
    const bool present = fs::is_directory(golden / area);
    const std::size_t count = present ? register_area(golden / area, area) : 0;
    total += count;
    if (count == 0 && (present || all_required)) {
      register_test(area, "folder", [] { FAIL() << "the folder is missing or empty"; });
    }
  }
  return total;
}

}  // namespace oasis::golden
