#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "oasis/checkpoint/state_dict.h"
#include "oasis/model/dit_keys.h"

/// Low-rank adapters of the transformer (Hu et al., arXiv 2106.09685): W + alpha / rank * B A.
namespace oasis::model {

/// The linear layers of a block that can be adapted, as the official names have them:
/// "self_attn.q" ... "ffn.2".
const std::vector<std::string>& lora_targets();

/// The factors of some layers: "<official layer>.lora_A.weight" `[rank, in]` and
/// "<official layer>.lora_B.weight" `[out, rank]`, where a layer is "blocks.0.self_attn.q".
struct DitLora {
  std::int64_t rank = 0;
  double alpha = 0;
  std::string base;  ///< "sha256:..." of the weights it was trained on; empty: unknown
  checkpoint::StateDict factors;

  double scale() const { return alpha / static_cast<double>(rank); }
};

/// W + scale * B A, computed in the dtype of the factors, returned in that of W. Differentiable
/// with respect to all three.
at::Tensor adapted_weight(const at::Tensor& weight, const at::Tensor& a, const at::Tensor& b,
                          double scale);

/// The tensors of a transformer (official names) with a LoRA added to them `strength` times. The
/// others are shared with `dit`. `oasis::Error` (unreadable_input) if a layer is not in `dit` or of
/// another shape.
checkpoint::StateDict merge_lora(const checkpoint::StateDict& dit, const DitLora& lora,
                                 double strength = 1);

/// Writes `dit_lora.safetensors`: the factors, with alpha, rank and base in the metadata.
void write_lora(const std::filesystem::path& path, const DitLora& lora);

/// Reads what `write_lora` writes, and files of diffusers and PEFT ("transformer.blocks.0.attn1.
/// to_q.lora_A.weight") and with official names ("diffusion_model.blocks..."). Their alpha stands
/// in `<layer>.alpha` or in the metadata; a file without one has a scale of 1, as in diffusers.
/// `oasis::Error` (unreadable_input) for names that are none of these and for layers of a part
/// only.
DitLora read_lora(const std::filesystem::path& path);

/// The factors as other programs name them, the scale multiplied into B, so that no reader needs to
/// know alpha: "transformer.<diffusers' layer>.lora_A.weight", as diffusers' `load_lora_weights`
/// and PEFT take it, or "diffusion_model.<official layer>.lora_A.weight".
checkpoint::StateDict published_lora(const DitLora& lora, DitNaming naming);

}  // namespace oasis::model
