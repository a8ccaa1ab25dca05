#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "oasis/model/model_folder.h"
#include "oasis/routing/head_scores.h"
#include "oasis/routing/score_sums.h"

namespace oasis::routing {

/// What the transformer starts from.
enum class LatentSource {
  projector,  ///< eq. 3
  encoder,    ///< the Wan encoder of bicubic x4
};
std::string to_string(LatentSource source);

struct RoutingModelOptions {
  c10::Device device = c10::Device(c10::kCPU);
  c10::ScalarType precision = c10::kFloat;  ///< of the transformer's weights and matrix products
  /// For base weights whose projector was never trained with them: the encoder if the folder has
  /// one, else a projector that ridge regression has initialised.
  bool on_base = false;
  ScoreOptions scores = {};
};

/// A model folder's transformer with all heads global, and what it needs to see a clip.
/// One object serves one thread at a time.
class RoutingModel {
 public:
  /// Throws `oasis::Error` for what does not load, and (usage) if `on_base` finds neither an
  /// encoder nor a projector that says it was initialised or trained: the entry `origin` of
  /// `projector.safetensors` is `ridge` or `trained`, or model.yaml says `trained: true`.
  static std::unique_ptr<RoutingModel> load(const std::filesystem::path& folder,
                                            const RoutingModelOptions& options);
  ~RoutingModel();

  /// The scores of one clip, averaged over its queries. lq `[1, 3, 4n+1, h, w]` in [-1, 1], h and w
  /// multiples of 4. Runs the transformer once; throws `oasis::Error` if a score is not finite.
  HeadScores score(const at::Tensor& lq);

  const model::ModelDescription& about() const;

 private:
  struct Parts;
  explicit RoutingModel(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// What `RoutingModel::load` takes for this folder. Throws as it does.
LatentSource latent_source(const std::filesystem::path& folder, bool on_base);

/// The file it takes a part of the model from, "projector" or "dit": `model::weights_file`, with
/// `on_base` `model::raw_weights_file`.
std::filesystem::path part_file(const std::filesystem::path& folder, const std::string& part,
                                bool on_base);

}  // namespace oasis::routing
