#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "oasis/model/clip_model.h"
#include "oasis/model/head_places.h"
#include "oasis/model/model_folder.h"

namespace oasis::model {

struct LoadOptions {
  c10::Device device = c10::Device(c10::kCPU);
  c10::ScalarType precision = c10::kFloat;  ///< of weights and matrix products
};

/// OASIS: projector (eq. 3), one step of the DiT at a constant time (eq. 4), decoder.
class OasisModel : public ClipModel {
 public:
  /// Loads a model folder; every file is loaded strictly, with the memory of one copy of the
  /// weights. `oasis::Error` names what does not fit.
  static std::unique_ptr<OasisModel> load(const std::filesystem::path& folder,
                                          const LoadOptions& options);
  ~OasisModel() override;

  /// lq `[B, 3, 4n+1, h, w]`, h and w multiples of 4.
  at::Tensor upscale(const at::Tensor& lq) override;
  ClipRules rules() const override;
  std::int64_t peak_bytes(std::int64_t frames, std::int64_t height,
                          std::int64_t width) const override;
  std::string description() const override;

  /// eq. 3: `[B, C, n+1, h/2, w/2]`.
  at::Tensor project(const at::Tensor& lq);
  /// eq. 4: z_H = z_L - sigma * DN(z_L, T); same shape.
  at::Tensor restore(const at::Tensor& z_l);
  /// z_H to frames; lq is what the light decoder also sees, and all that a `frame_cnn` does.
  at::Tensor decode(const at::Tensor& z_h, const at::Tensor& lq);

  const ModelDescription& about() const;
  StageTimes times() const override;

 private:
  struct Parts;
  explicit OasisModel(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// The LQ frames as the light decoder sees them: `[B, 3, 4n+1, h, w]` -> `[B, 12, n+1, h, w]`,
/// frames 3, 2, 1 in front (frame 0 three times where it is alone), then groups of four; channel
/// c * 4 + dt. With the mirrored frames the first one is no worse off than the others.
at::Tensor stack_frames(const at::Tensor& lq);

/// torch's bicubic (a = -0.75, no antialias, half-pixel centres) x4 of every frame:
/// `[B, 3, F, h, w]` -> `[B, 3, F, 4h, 4w]`.
at::Tensor bicubic_x4(const at::Tensor& lq);

/// Writes a folder of random weights (head and light decoder's last layer zero, as training
/// begins) with `description`'s shapes; `trained` becomes false. Deterministic in `seed`.
/// With a Wan decoder the folder gets the VAE's encoder too.
void initialise_model_folder(const std::filesystem::path& folder, ModelDescription description,
                             std::uint64_t seed, HeadStart heads = HeadStart::plain);

/// The decoder's part of that: `folder/decoder.safetensors`.
void initialise_decoder(const std::filesystem::path& folder, const ModelDescription& description,
                        std::uint64_t seed);

/// `oasis-nano`: the smallest shape, for tests and first tries; a pattern of all kinds of heads.
ModelDescription nano_description();

/// `oasis-tiny`: the small model that ships with the project. All heads global until they are
/// routed.
ModelDescription tiny_description();

/// Full-size OASIS on Wan2.1-1.3B with the Wan decoder.
ModelDescription wan_1_3b_description();

/// What `oasis-convert init --size` knows, from small to large: "nano", "tiny", "wan-1.3b".
const std::vector<std::string>& model_sizes();

/// The description of one of them. `oasis::Error` (usage) for another name.
ModelDescription description_of_size(const std::string& size);

}  // namespace oasis::model
