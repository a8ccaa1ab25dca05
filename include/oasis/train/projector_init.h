#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <filesystem>
#include <memory>

#include "oasis/data/sample_source.h"
#include "oasis/train/ridge.h"

namespace oasis::train {

struct ProjectorFitOptions {
  std::int64_t samples = 100;  ///< training samples, the first of the run
  std::int64_t threads = 2;    ///< that make them
  double strength = 1e-3;      ///< of the ridge
  c10::Device device = c10::Device(c10::kCPU);
  c10::ScalarType precision = c10::kFloat;  ///< of the encoder
};

/// Initialises the projector of a model folder (wan21-vae.md section 9): ridge regression of what
/// the Wan encoder makes of the bicubic x4 LQ, normalised, on the projector's inputs. It puts z_L
/// close to the latents that the pretrained transformer knows, which random weights do not. Nothing
/// is written. `oasis::Error` (usage) if the folder has no encoder.
RidgeFit fit_projector(const std::filesystem::path& folder,
                       std::shared_ptr<const data::SampleSource> source,
                       const ProjectorFitOptions& options);

/// Writes the map as the folder's `projector.safetensors`, `origin: ridge` in its metadata, takes
/// an older moving average of the projector away, and brings the hashes in model.yaml up to date.
void write_fitted_projector(const std::filesystem::path& folder, const RidgeFit& fit);

}  // namespace oasis::train
