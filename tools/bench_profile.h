#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oasis::tools {

/// What one operator, on inputs of one shape if it is a convolution, took in all its calls.
struct OperatorTime {
  std::string name;
  std::int64_t calls = 0;
  double seconds = 0;  ///< without the operators that it called in turn
};

/// Times the operators that this thread runs while the object lives; one at a time. On CUDA the
/// times are those of the launches.
class OperatorProfile {
 public:
  OperatorProfile();
  ~OperatorProfile();
  OperatorProfile(const OperatorProfile&) = delete;
  OperatorProfile& operator=(const OperatorProfile&) = delete;

  /// Everything so far, the longest first.
  std::vector<OperatorTime> times() const;

 private:
  std::uint64_t callback_;
};

}  // namespace oasis::tools
