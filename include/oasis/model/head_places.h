#pragma once

#include "oasis/model/wan_dit.h"

namespace oasis::model {

/// What the attention of a new transformer looks at.
enum class HeadStart {
  plain,  ///< all tokens nearly alike, as random weights have it
  local,  ///< see `give_heads_places`
};

/// Lets three of every four heads begin by looking near: head 4i at all tokens alike, 4i+1 near in
/// time, 4i+2 near in space, 4i+3 in both. Queries and keys get the same constant vector by their
/// biases, so that RoPE makes their product fall with the distance along an axis: to 1/8 per latent
/// frame, and to 1/10 at two rows or columns of tokens. It is a beginning, as ConViT's heads begin
/// as convolutions (d'Ascoli et al. 2021): training is free to undo it, and `oasis-route` measures
/// what became of it. Small models that train for hours learn where to look far too late without.
/// Throws `oasis::Error` (usage) for heads of fewer than 12 channels.
void give_heads_places(WanDit& dit);

}  // namespace oasis::model
