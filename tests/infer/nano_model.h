#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <torch/torch.h>

#include <filesystem>
#include <memory>
#include <string>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/model/oasis_model.h"

namespace oasis::infer {

/// Model folders as `oasis-convert init --size nano` makes them, in a folder that goes at the end.
class NanoModels {
 public:
  NanoModels() {
    std::string name =
        (std::filesystem::temp_directory_path() / "oasis-nano-models-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
    model::initialise_model_folder(untrained(), model::nano_description(), 1);
    model::initialise_model_folder(random(), model::nano_description(), 2);
    randomise("dit.safetensors", "head.");
    randomise("decoder.safetensors", "head.");
    model::write_model_description(random(), model::read_model_description(random()));
  }
  ~NanoModels() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  NanoModels(const NanoModels&) = delete;
  NanoModels& operator=(const NanoModels&) = delete;

  std::filesystem::path untrained() const { return folder_ / "untrained"; }
  /// The last layers, zero when training begins, have random weights.
  std::filesystem::path random() const { return folder_ / "random"; }

  static std::unique_ptr<model::OasisModel> load(const std::filesystem::path& folder) {
    return model::OasisModel::load(folder, {});
  }

 private:
  /// Gives the tensors whose names begin with `prefix` random values.
  void randomise(const std::string& file, const std::string& prefix) const {
    torch::manual_seed(3);
    checkpoint::StateDict tensors;
    int changed = 0;
    for (const auto& [name, tensor] : checkpoint::load_safetensors(random() / file)) {
      tensors[name] = tensor.clone();
      if (!name.starts_with(prefix)) continue;
      tensors[name].normal_(0, 0.05);
      ++changed;
    }
    if (changed == 0) throw std::runtime_error(file + " has no tensor " + prefix + "*");
    checkpoint::write_safetensors(random() / file, tensors);
  }

  std::filesystem::path folder_;
};

}  // namespace oasis::infer
