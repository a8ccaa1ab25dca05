#pragma once

#include <string>
#include <vector>

#include "oasis/eval/protocol.h"
#include "oasis/eval/results.h"

namespace oasis::eval {

/// The names that `--metrics` takes, in the order of the tables. `dover` and `luma_pulse` fill
/// several columns.
const std::vector<std::string>& known_metrics();

/// "psnr_rgb,lpips", "all" (every one) or "" (the usual ones: all but the E_warp modes that the
/// protocol does not use) to names in the order of the tables. `psnr` stands for `psnr_rgb`, `ssim`
/// for `ssim_y`, as in DOVE's scripts. Throws `oasis::Error` (usage) for an unknown name, with the
/// nearest known one.
std::vector<std::string> select_metrics(const std::string& list);

/// Whether a metric compares with a reference under this protocol.
bool needs_reference(const std::string& metric, const Protocol& protocol);

/// Which E_warp a metric is: that of the protocol for `ewarp`, else its own.
metrics::EwarpMode ewarp_mode_of(const std::string& metric, const Protocol& protocol);

/// The columns of a metric. With DIS flow the keys of E_warp end in `_dis`.
std::vector<MetricInfo> columns_of(const std::string& metric, const Protocol& protocol);

/// "luma_pulse_p4" for a period of 4 frames, "luma_pulse_p4.5" for 4.5.
std::string pulse_key(double period);

}  // namespace oasis::eval
