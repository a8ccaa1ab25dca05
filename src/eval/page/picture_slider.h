#pragma once

#include <string>
#include <vector>

#include "oasis/eval/results.h"

namespace oasis::eval::page {

/// A picture of a slider.
struct Layer {
  std::string label;       ///< plain text: "Bicubic"
  const Picture* picture;  ///< not owned, not empty
};

/// Pictures of one frame on top of each other, two of them on the sides of a divider. `id` is the
/// element's; the pictures' ids are `id` + "-0" and on. At first `left` and `right` (indices of
/// `layers`) show. `what` is plain text: "street, frame 17". Empty without layers.
std::string picture_slider(const std::string& id, const std::string& what,
                           const std::vector<Layer>& layers, std::size_t left, std::size_t right);

/// A panel of which one shows at a time.
struct Panel {
  std::string id;
  std::string label;  ///< plain text
  std::string html;
};

/// The panels, below buttons that choose one if there are several; `legend` is plain text.
std::string panels(const std::string& group, const std::string& legend,
                   const std::vector<Panel>& choices);

}  // namespace oasis::eval::page
