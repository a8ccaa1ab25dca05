#pragma once

#include <vector>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::model {

/// The mean of the weights of several trainings from one start, of which each ended with a rate
/// near zero: it is often better than every one of them (Wortsman et al., "Model soups", arXiv
/// 2203.05482). Reckoned in double, returned in the dtypes of the first. `oasis::Error` (usage) if
/// `trained` is empty; (unreadable_input) if names, shapes or values that are not floating point
/// differ.
checkpoint::StateDict average_weights(const std::vector<checkpoint::StateDict>& trained);

}  // namespace oasis::model
