#include "bench_profile.h"

#include <ATen/record_function.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>

namespace oasis::tools {
namespace {

using Clock = std::chrono::steady_clock;

struct Call : at::ObserverContext {
  std::string name;
  Clock::time_point start;
};

struct Recording {
  std::map<std::string, OperatorTime> by_name;
  std::vector<double> inner{0.0};  ///< seconds of the calls inside each open call
};

/// The callbacks are plain functions: what they write to belongs to the thread.
Recording& recording() {
  thread_local Recording of_this_thread;
  return of_this_thread;
}

std::string shape_of(const c10::IValue& value) {
  if (!value.isTensor() || !value.toTensor().defined()) return "";
  const auto sizes = value.toTensor().sizes();
  return fmt::format(" {}", fmt::join(sizes.begin(), sizes.end(), "x"));
}

std::string name_of(const at::RecordFunction& function) {
  std::string name = function.name();
  if (name.find("conv") == std::string::npos) return name;
  const auto inputs = function.inputs();
  for (std::size_t i = 0; i < std::min<std::size_t>(inputs.size(), 2); ++i) {
    name += shape_of(inputs[i]);
  }
  return name;
}

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& function) {
  auto call = std::make_unique<Call>();
  call->name = name_of(function);
  recording().inner.push_back(0.0);
  call->start = Clock::now();
  return call;
}

void leave(const at::RecordFunction&, at::ObserverContext* context) {
  const auto& call = static_cast<const Call&>(*context);
  const double seconds = std::chrono::duration<double>(Clock::now() - call.start).count();
  auto& [by_name, inner] = recording();
  OperatorTime& sum = by_name[call.name];
  sum.name = call.name;
  sum.calls += 1;
  sum.seconds += seconds - inner.back();
  inner.pop_back();
  inner.back() += seconds;
}

}  // namespace

OperatorProfile::OperatorProfile() {
  recording() = Recording();
  callback_ = at::addThreadLocalCallback(
      at::RecordFunctionCallback(&enter, &leave)
          .needsInputs(true)
          .scopes({at::RecordScope::FUNCTION, at::RecordScope::USER_SCOPE}));
}

OperatorProfile::~OperatorProfile() { at::removeCallback(callback_); }

std::vector<OperatorTime> OperatorProfile::times() const {
  std::vector<OperatorTime> all;
  for (const auto& [name, time] : recording().by_name) all.push_back(time);
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  return all;
}

}  // namespace oasis::tools
