#include "oasis/degrade/read_options.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "degrade/read_operator.h"

namespace oasis::degrade {
namespace {

using config::ConfigNode;

template <typename T>
void read_word(const ConfigNode& block, const std::string& key, T& value,
               const std::vector<std::pair<std::string, T>>& words) {
  if (!block.has(key)) return;
  const std::string given = block.text(key);
  for (const auto& [word, meaning] : words) {
    if (word == given) {
      value = meaning;
      return;
    }
  }
  block.fail(key, fmt::format("'{}': '{}' will not do; choose '{}' or '{}'", key, given,
                              words[0].first, words[1].first));
}

double read_probability(const ConfigNode& block, const std::string& key, double absent) {
  const double value = block.number(key, absent);
  if (!(value >= 0 && value <= 1)) {
    block.fail(key, fmt::format("'{}': {} is not a probability; choose 0 to 1", key, value));
  }
  return value;
}

void read_temporal(const ConfigNode& block, TemporalOptions& temporal) {
  temporal.p_type = read_probability(block, "p_type", temporal.p_type);
  temporal.p_severity = read_probability(block, "p_severity", temporal.p_severity);
  temporal.beta_jitter = block.boolean("beta_jitter", temporal.beta_jitter);
  block.reject_unknown();
}

void read_usm(const ConfigNode& block, UnsharpMask& usm) {
  usm.enabled = block.boolean("enabled", usm.enabled);
  usm.ksize = static_cast<int>(block.integer("ksize", usm.ksize));
  usm.sigma = block.number("sigma", usm.sigma);
  usm.weight = block.number("weight", usm.weight);
  usm.threshold = block.number("threshold", usm.threshold);
  if (usm.ksize < 1 || usm.ksize % 2 == 0 || usm.ksize > 255) {
    block.fail("ksize", fmt::format("'ksize': {} is not odd from 1 to 255", usm.ksize));
  }
  if (!(usm.sigma >= 0)) block.fail("sigma", "'sigma': choose 0 (automatic) or more");
  block.reject_unknown();
}

// Numbers the operators of each kind and puts them in their places.
class PipelineReader {
 public:
  explicit PipelineReader(DegradationOptions& options) : options_(options) {
    options_.operators.clear();
    options_.steps.clear();
  }

  void read(const ConfigNode& block) {
    const auto entries = block.items("pipeline");
    if (entries.empty()) block.fail("pipeline", "'pipeline' is empty; name at least one operator");
    for (const ConfigNode& entry : entries) {
      if (entry.text("op") == "shuffle") {
        read_shuffle(entry);
      } else {
        options_.steps.push_back({{add(entry)}});
      }
    }
  }

 private:
  void read_shuffle(const ConfigNode& entry) {
    ShuffledGroups groups;
    for (const auto& row : entry.item_rows("groups")) {
      if (row.empty()) entry.fail("groups", "'groups' holds an empty group");
      groups.emplace_back();
      for (const ConfigNode& member : row) groups.back().push_back(add(member));
    }
    if (groups.empty()) entry.fail("groups", "'groups' is empty");
    entry.reject_unknown();
    options_.steps.push_back(std::move(groups));
  }

  std::size_t add(const ConfigNode& entry) {
    OperatorOptions read = read_operator(entry);
    const std::string op = entry.text("op");
    const std::string kind = op == "resize_to_target" ? "resize" : op;
    read.name = fmt::format("{}{}", kind, ++numbers_[kind]);
    options_.operators.push_back(std::move(read));
    return options_.operators.size() - 1;
  }

  DegradationOptions& options_;
  std::map<std::string, int> numbers_;
};

}  // namespace

DegradationOptions read_options(const ConfigNode& block, const DegradationOptions& defaults) {
  DegradationOptions options = defaults;
  options.scale = block.integer("scale", options.scale);
  if (options.scale < 1 || options.scale > 16) {
    block.fail("scale", fmt::format("'scale': {} will not do; choose 1 to 16", options.scale));
  }
  read_word<PoissonConvention>(
      block, "poisson", options.poisson,
      {{"unit", PoissonConvention::unit}, {"byte", PoissonConvention::byte}});
  read_word<SwscaleMode>(
      block, "swscale", options.swscale,
      {{"reference", SwscaleMode::reference}, {"unbiased", SwscaleMode::unbiased}});
  options.jpeg_as_bgr = block.boolean("jpeg_as_bgr", options.jpeg_as_bgr);
  if (block.has("usm")) read_usm(block.child("usm"), options.usm);
  if (block.has("temporal")) read_temporal(block.child("temporal"), options.temporal);
  if (block.has("pipeline")) PipelineReader(options).read(block);
  block.reject_unknown();
  return options;
}

DegradationOptions load_options(const std::filesystem::path& file) {
  const ConfigNode root = ConfigNode::load(file);
  DegradationOptions options = read_options(root.child("degradation"));
  root.reject_unknown();
  return options;
}

}  // namespace oasis::degrade
