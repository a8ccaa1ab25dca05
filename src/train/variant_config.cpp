#include "oasis/train/variant_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "oasis/model/dit_lora.h"

namespace oasis::train {

LoraOptions read_lora_options(const config::ConfigNode& node) {
  LoraOptions options;
  options.rank = node.integer("rank", options.rank);
  if (options.rank < 1 || options.rank > 4096) {
    node.fail("rank", fmt::format("rank must be from 1 to 4096, not {}", options.rank));
  }
  options.alpha = node.number("alpha", static_cast<double>(options.rank));
  if (!(options.alpha > 0) || options.alpha > 65536) {
    node.fail("alpha",
              fmt::format("alpha must be above 0 and at most 65536, not {}", options.alpha));
  }
  const auto& known = model::lora_targets();
  if (node.has("targets")) {
    options.targets = node.texts("targets");
    if (options.targets.empty()) node.fail("targets", "targets: there is no layer in the list");
  }
  for (const std::string& target : options.targets) {
    if (std::find(known.begin(), known.end(), target) != known.end()) continue;
    node.fail("targets",
              fmt::format("targets: '{}' is none of {}", target, fmt::join(known, ", ")));
  }
  node.reject_unknown();
  return options;
}

ProjectorInit read_projector_init(const config::ConfigNode& root) {
  ProjectorInit init;
  const std::string word = root.text("projector_init", "keep");
  if (word != "keep" && word != "ridge") {
    root.fail("projector_init", fmt::format("projector_init: '{}' is none of keep, ridge", word));
  }
  init.ridge = word == "ridge";
  init.samples = root.integer("projector_init_samples", init.samples);
  if (init.samples < 1) {
    root.fail("projector_init_samples",
              fmt::format("projector_init_samples must be at least 1, not {}", init.samples));
  }
  return init;
}

DistilConfig read_distil(const config::ConfigNode& node) {
  DistilConfig distil;
  distil.teacher = node.text("teacher");
  for (const char* name : {"model.yaml", "vae_encoder.safetensors"}) {
    if (std::filesystem::exists(distil.teacher / name)) continue;
    node.fail("teacher", fmt::format("teacher: {} is not there; give a model folder with the Wan "
                                     "encoder (oasis-convert wan --vae)",
                                     (distil.teacher / name).string()));
  }
  distil.share = node.number("share", distil.share);
  if (!(distil.share >= 0) || distil.share > 1) {
    node.fail("share", fmt::format("share must be from 0 to 1, not {}", distil.share));
  }
  node.reject_unknown();
  return distil;
}

}  // namespace oasis::train
