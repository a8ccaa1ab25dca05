#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::golden {

/// How far an output may be from the reference: `abs(x - y) <= atol + rtol * abs(y)` everywhere.
struct Tolerance {
  double atol = 0;
  double rtol = 0;
};

/// One golden case: `<area>/<case>.safetensors`, made by a reference implementation. Tensors that
/// the case gives by a formula are created while loading and look as if they had been in the file.
class Fixture {
 public:
  /// Reads one case; `oasis::Error` if the file is unreadable or breaks the fixtures' contract.
  static Fixture load(const std::filesystem::path& path);

  /// The kind of object under test, from the file's metadata.
  const std::string& area() const { return area_; }
  /// What is needed to build the object under test.
  const nlohmann::json& config() const { return config_; }
  /// The same as it stands in the file: parsed JSON loses the order of keys.
  const std::string& config_text() const { return config_text_; }
  /// Whether the tensor of this full name ("weights.x", "input.x", ...) is there.
  bool has(const std::string& full_name) const { return tensors_.count(full_name) != 0; }

  /// All `weights.*`, without that prefix.
  checkpoint::StateDict weights() const;
  /// All `input.*`, `output.*` or `probe.*` without the prefix: `group("input")`.
  checkpoint::StateDict group(const std::string& kind) const;
  at::Tensor weight(const std::string& name) const { return tensor("weights." + name); }
  at::Tensor input(const std::string& name) const { return tensor("input." + name); }
  at::Tensor output(const std::string& name) const { return tensor("output." + name); }
  /// An inner value of the reference; tests need not compare it.
  at::Tensor probe(const std::string& name) const { return tensor("probe." + name); }

  /// Adds a test failure unless `actual` has the shape of `output.<output_name>` and agrees with it
  /// within this file's tolerance for that output (or `*`). Equal infinities are equal.
  void expect_close(const std::string& output_name, const at::Tensor& actual) const;

 private:
  at::Tensor tensor(const std::string& full_name) const;
  Tolerance tolerance(const std::string& output_name) const;

  std::string path_;
  std::string area_;
  std::string config_text_;
  nlohmann::json config_;
  nlohmann::json tolerance_;
  checkpoint::StateDict tensors_;
};

}  // namespace oasis::golden
