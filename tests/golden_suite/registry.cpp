#include "registry.h"

#include <map>
#include <stdexcept>

namespace oasis::golden {
namespace {

// A local static: registrations run before main, in any order of the source files.
std::map<std::string, AreaCheck>& areas() {
  static std::map<std::string, AreaCheck> map;
  return map;
}

}  // namespace

AreaRegistration::AreaRegistration(const char* area, AreaCheck check) {
  if (!areas().emplace(area, check).second) {
    throw std::logic_error(std::string("two checks for the golden area ") + area);
  }
}

AreaCheck find_area(const std::string& area) {
  const auto found = areas().find(area);
  return found == areas().end() ? nullptr : found->second;
}

}  // namespace oasis::golden
