#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "oasis/eval/results.h"

namespace oasis::eval::page {

/// A clip as one method has it; several of them are compared.
struct NamedClip {
  std::string method;      ///< plain text; a single clip shows it nowhere
  const ClipResult* clip;  ///< not owned, without error
};

/// The metrics' curves by frame, one line per clip; empty without curves. `group` is the element.
std::string curves(const std::string& group, const std::vector<MetricInfo>& metrics,
                   const std::vector<NamedClip>& clips, nlohmann::json& plots);

/// The spectrum of the mean luma, of the clips and of the reference of the first that has one.
std::string spectrum(const std::string& group, const std::vector<NamedClip>& clips,
                     nlohmann::json& plots);

/// The x-t slices, of the clips and of the reference of the first that has one.
std::string slices(const std::vector<NamedClip>& clips);

/// Which line is which method; empty for a single one.
std::string legend(const std::vector<std::string>& names);

/// The unfolding element: a summary line, and the body.
std::string clip_element(const std::string& id, const std::string& name, const std::string& scores,
                         const std::string& body, bool open);

}  // namespace oasis::eval::page
