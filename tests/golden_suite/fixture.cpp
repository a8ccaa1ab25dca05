#include "fixture.h"

#include <ATen/Functions.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>
#include <vector>

#include "formula.h"
#include "oasis/checkpoint/safetensors.h"

namespace oasis::golden {
namespace {

const std::string& required(const checkpoint::SafetensorsMetadata& metadata, const char* key,
                            const std::string& path) {
  const auto found = metadata.find(key);
  if (found != metadata.end()) return found->second;
  throw std::runtime_error(fmt::format("{}: no '{}' in the metadata", path, key));
}

// The place of the flat index in a tensor of this shape: "[1, 0, 3]".
std::string place(std::int64_t flat, at::IntArrayRef shape) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = flat % shape[axis];
    flat /= shape[axis];
  }
  return fmt::format("[{}]", fmt::join(index, ", "));
}

}  // namespace

Fixture Fixture::load(const std::filesystem::path& path) {
  const checkpoint::SafetensorsFile file = checkpoint::read_safetensors(path);
  const auto& metadata = file.metadata();
  Fixture fixture;
  fixture.path_ = path.string();
  if (required(metadata, "format", fixture.path_) != "oasis-golden" ||
      required(metadata, "version", fixture.path_) != "1") {
    throw std::runtime_error(fixture.path_ + ": not a golden case of version 1");
  }
  fixture.area_ = required(metadata, "area", fixture.path_);
  fixture.config_text_ = required(metadata, "config", fixture.path_);
  fixture.config_ = nlohmann::json::parse(fixture.config_text_);
  fixture.tolerance_ = nlohmann::json::parse(required(metadata, "tolerance", fixture.path_));
  fixture.tensors_ = file.tensors();
  if (fixture.config_.contains("formula")) {
    for (auto& [name, tensor] : expand_formula(fixture.config_.at("formula"))) {
      if (!fixture.tensors_.emplace(name, tensor).second) {
        throw std::runtime_error(
            fmt::format("{}: {} is stored and given by a formula", fixture.path_, name));
      }
    }
  }
  return fixture;
}

checkpoint::StateDict Fixture::weights() const { return group("weights"); }

checkpoint::StateDict Fixture::group(const std::string& kind) const {
  return checkpoint::below_prefix(tensors_, kind + ".");
}

at::Tensor Fixture::tensor(const std::string& full_name) const {
  const auto found = tensors_.find(full_name);
  if (found != tensors_.end()) return found->second;
  throw std::runtime_error(fmt::format("{}: no tensor {}", path_, full_name));
}

Tolerance Fixture::tolerance(const std::string& output_name) const {
  auto found = tolerance_.find(output_name);
  if (found == tolerance_.end()) found = tolerance_.find("*");
  if (found == tolerance_.end()) {
    throw std::runtime_error(fmt::format("{}: no tolerance for {}", path_, output_name));
  }
  return {found->at("atol").get<double>(), found->at("rtol").get<double>()};
}

void Fixture::expect_close(const std::string& output_name, const at::Tensor& actual) const {
  const at::Tensor expected = output(output_name);
  const Tolerance limit = tolerance(output_name);
  if (!actual.defined() || actual.sizes() != expected.sizes()) {
    const std::string shape =
        actual.defined() ? fmt::format("[{}]", fmt::join(actual.sizes(), ", ")) : "none";
    ADD_FAILURE() << fmt::format("{}: shape {}, the reference has [{}]", output_name, shape,
                                 fmt::join(expected.sizes(), ", "));
    return;
  }
  if (expected.numel() == 0) return;
  const at::Tensor x = actual.detach().cpu().to(at::kDouble).contiguous().flatten();
  const at::Tensor y = expected.to(at::kDouble).contiguous().flatten();
  // Equal infinities, whose difference is not a number, count as no error; a NaN exceeds any limit.
  const at::Tensor equal = x.eq(y);
  const at::Tensor error = at::where(equal, at::zeros_like(x), (x - y).abs());
  const at::Tensor bound = limit.atol + limit.rtol * y.abs();
  const at::Tensor wrong = equal.logical_or(error.le(bound)).logical_not();
  const auto wrong_count = wrong.sum().item<std::int64_t>();
  if (wrong_count == 0) return;
  const double infinity = std::numeric_limits<double>::infinity();
  const at::Tensor rated = at::where(wrong, at::nan_to_num(error, infinity, infinity), -1.0);
  const auto worst = rated.argmax().item<std::int64_t>();
  ADD_FAILURE() << fmt::format(
      "{}: {} of {} values are off; largest error {:.6g} (allowed {:.6g}) at {}: {:.9g}, the "
      "reference has {:.9g}",
      output_name, wrong_count, x.numel(), error[worst].item<double>(), bound[worst].item<double>(),
      place(worst, expected.sizes()), x[worst].item<double>(), y[worst].item<double>());
}

}  // namespace oasis::golden
