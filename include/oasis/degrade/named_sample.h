#pragma once

#include <cstdint>
#include <string>

namespace oasis::degrade {

/// `SampleKey::uid` of a clip that is known by its name rather than by a number: a hash of the name
/// and the number of the variant (FNV-1a, 64 bits). So a clip keeps its degradation when others are
/// added to its set.
std::uint64_t uid_of_name(const std::string& name, int variant = 0);

}  // namespace oasis::degrade
