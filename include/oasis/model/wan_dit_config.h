#pragma once

#include <cstdint>

namespace oasis::model {

/// The sizes of a Wan2.1 text-to-video transformer. Always the same: patches of 1 x 2 x 2, q and k
/// normalised over all heads, an affine norm before cross-attention.
struct WanDitConfig {
  std::int64_t dim = 1536;
  std::int64_t layers = 30;
  std::int64_t num_heads = 12;
  std::int64_t ffn_dim = 8960;
  std::int64_t freq_dim = 256;  ///< length of the time sinusoid
  std::int64_t text_dim = 4096;
  std::int64_t text_len = 512;  ///< context rows; fewer are padded with zeros
  std::int64_t in_channels = 16;
  std::int64_t out_channels = 16;
  double eps = 1e-6;  ///< of every norm

  std::int64_t head_dim() const { return dim / num_heads; }
  bool operator==(const WanDitConfig&) const = default;
};

/// Wan2.1-T2V-1.3B: 1,418,996,800 parameters in 825 tensors.
WanDitConfig wan_1_3b();

/// Throws `oasis::Error` (usage) unless all sizes are positive, the heads divide the width into
/// even parts and the sinusoid has an even length.
void validate(const WanDitConfig& config);

/// The number of trainable values.
std::int64_t parameter_count(const WanDitConfig& config);

/// The number of tensors in the state dict.
std::int64_t tensor_count(const WanDitConfig& config);

}  // namespace oasis::model
