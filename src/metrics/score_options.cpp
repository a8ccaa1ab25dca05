#include "oasis/metrics/score_options.h"

#include <fmt/format.h>

#include "oasis/core/error.h"

namespace oasis::metrics {

ScoreVariant score_variant_from(const std::string& name) {
  if (name == "pyiqa") return ScoreVariant::pyiqa;
  if (name == "basicsr") return ScoreVariant::basicsr;
  throw Error(ExitCode::usage,
              fmt::format("unknown variant '{}' of a score; choose pyiqa or basicsr", name));
}

ScoreChannels score_channels_from(const std::string& name) {
  if (name == "rgb") return ScoreChannels::rgb;
  if (name == "y" || name == "y_yiq") return ScoreChannels::y_yiq;
  if (name == "y_bt601") return ScoreChannels::y_bt601;
  if (name == "dove_y") return ScoreChannels::dove_y;
  throw Error(
      ExitCode::usage,
      fmt::format("unknown channels '{}' of a score; choose rgb, y_yiq, y_bt601 or dove_y", name));
}

}  // namespace oasis::metrics
