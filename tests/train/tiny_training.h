#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <torch/torch.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/data/sample_source.h"
#include "oasis/model/oasis_model.h"

namespace oasis::train::testing {

/// Smooth clips of 5 frames of 64x64; the LQ is the mean over 4x4 pixels.
class WavesSource : public data::SampleSource {
 public:
  data::TrainingSample sample(std::uint64_t uid) const override {
    const double phase = 0.7 * static_cast<double>(uid);
    data::TrainingSample result;
    result.uid = uid;
    result.hq = at::empty({3, 5, 64, 64});
    auto* hq = result.hq.mutable_data_ptr<float>();
    // Not by torch: now and then one thread's share of such a clip, made by at::sin, came out
    // rounded differently.
    for (int c = 0; c < 3; ++c) {
      for (int t = 0; t < 5; ++t) {
        for (int y = 0; y < 64; ++y) {
          for (int x = 0; x < 64; ++x) {
            const double wave = std::sin(0.9 * x + 0.5 * y + 0.4 * t + c + phase);
            *hq++ = static_cast<float>(0.8 * wave);
          }
        }
      }
    }
    result.lq = at::avg_pool2d(result.hq, {4, 4}, {4, 4});
    return result;
  }
  std::size_t epoch_size() const override { return 16; }
  std::size_t damaged() const override { return 0; }
};

/// One layer of two heads and a narrow light decoder.
inline model::ModelDescription smallest_model() {
  model::ModelDescription about = model::nano_description();
  about.dit.dim = 32;
  about.dit.layers = 1;
  about.dit.ffn_dim = 32;
  about.dit.freq_dim = 16;
  about.dit.num_heads = 2;
  about.taehv.widths = {8, 8, 8, 8};
  about.head_map.reset();
  return about;
}

/// The same with a small Wan VAE.
inline model::ModelDescription smallest_with_vae() {
  model::ModelDescription about = smallest_model();
  about.decoder = model::DecoderKind::wan_vae;
  about.vae.dim = 4;
  about.vae.num_res_blocks = 1;
  about.taehv = {};
  return about;
}

/// A folder that goes at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "oasis-train-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Gives the tensors of a file that are zero in a new model (its last layer) random values, so that
/// everything before them matters.
inline void wake_last_layer(const std::filesystem::path& folder, const std::string& file,
                            const std::string& prefix) {
  torch::manual_seed(3);
  checkpoint::StateDict tensors;
  for (const auto& [name, tensor] : checkpoint::load_safetensors(folder / file)) {
    tensors[name] = tensor.clone();
    if (name.starts_with(prefix)) tensors[name].normal_(0, 0.1);
  }
  checkpoint::write_safetensors(folder / file, tensors);
  model::write_model_description(folder, model::read_model_description(folder));
}

}  // namespace oasis::train::testing
