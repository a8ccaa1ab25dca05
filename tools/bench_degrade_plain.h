#pragma once

#include <vector>

#include "oasis/degrade/frames.h"
#include "oasis/degrade/options.h"
#include "oasis/degrade/plan.h"

namespace oasis::tools {

/// The same plan with ordinary calls, operator by operator on the whole clip: `cv::filter2D` with
/// the full kernel, `cv::resize`, `cv::RNG` and `std::poisson_distribution`, `cv::imencode`, and
/// the same FFmpeg. Adds what each operator took to `seconds`, in the order of `plan.operators`.
void run_plain(const degrade::DegradationOptions& options, const degrade::Plan& plan,
               const degrade::Frames& hq, std::vector<double>& seconds);

}  // namespace oasis::tools
