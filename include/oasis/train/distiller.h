#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <memory>
#include <utility>

#include "oasis/model/model_folder.h"
#include "oasis/train/trainable_model.h"
#include "oasis/train/training_loss.h"
#include "oasis/train/variant_config.h"

namespace oasis::train {

/// Teaches a light decoder on the Wan VAE's own latents: z = encoder(HQ), both frozen, and the
/// student's frames are compared with HQ and with what the Wan decoder makes of z. Projector and
/// transformer take no part.
class Distiller {
 public:
  /// Loads the teacher's encoder and, if the share needs it, its decoder. `student`: the model that
  /// learns. `oasis::Error` (usage) if the two have other latents, or the teacher no Wan decoder.
  Distiller(const DistilConfig& config, const model::ModelDescription& student, c10::Device device,
            c10::ScalarType precision);

  /// The teacher's latent of `[B, 3, 4n+1, H, W]`, and its frames or an undefined tensor.
  std::pair<at::Tensor, at::Tensor> teach(const at::Tensor& hq) const;

  /// (1 - share) * loss(student, HQ) + share * loss(student, teacher); the parts of the second are
  /// called "teacher_...". What is differentiated is the student's decoder.
  std::pair<at::Tensor, LossParts> loss(TrainableModel& student, const TrainingLoss& terms,
                                        const at::Tensor& lq, const at::Tensor& hq) const;

 private:
  double share_;
  std::unique_ptr<model::WanVaeEncoder> encoder_;
  std::unique_ptr<model::WanVaeDecoder> decoder_;
};

}  // namespace oasis::train
