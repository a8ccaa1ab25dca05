#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <torch/torch.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/infer/upscaler.h"
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

/// Frames of noise around grey, with irregular times.
inline std::vector<media::Frame> noise_video(int frames, int width, int height) {
  torch::manual_seed(7);
  std::vector<media::Frame> video(static_cast<size_t>(frames));
  for (int i = 0; i < frames; ++i) {
    media::Frame& frame = video[static_cast<size_t>(i)];
    frame.resize(width, height);
    const auto values = torch::rand({3, height, width}).mul(0.5).add(0.25);
    std::copy_n(values.data_ptr<float>(), values.numel(), frame.rgb.data());
    frame.pts = 10 * i + i % 3;
  }
  return video;
}

inline std::vector<media::Frame> upscale_video(model::ClipModel& model,
                                               const std::vector<media::Frame>& video,
                                               const UpscaleSettings& settings,
                                               UpscaleReport* report = nullptr) {
  std::vector<media::Frame> result;
  const auto made = upscale_frames(
      model,
      [&video, next = size_t{0}](media::Frame& frame) mutable {
        if (next == video.size()) return false;
        frame = video[next++];
        return true;
      },
      [&](const media::Frame& frame) { result.push_back(frame); }, settings);
  if (report != nullptr) *report = made;
  return result;
}

}  // namespace oasis::infer
