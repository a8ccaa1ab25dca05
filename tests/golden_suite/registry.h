#pragma once

#include <string>

#include "fixture.h"

namespace oasis::golden {

/// Compares this project with one case of an area; disagreement is a GoogleTest failure.
using AreaCheck = void (*)(const Fixture&);

/// A static object of this type ties an area's name to its check:
/// `static const AreaRegistration registration("wan_dit", &check_wan_dit);`
struct AreaRegistration {
  AreaRegistration(const char* area, AreaCheck check);
};

/// The check of an area, or a null pointer.
AreaCheck find_area(const std::string& area);

}  // namespace oasis::golden
