#include "oasis/checkpoint/state_dict.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "oasis/checkpoint/mapped_tensor.h"
#include "oasis/core/error.h"

namespace oasis::checkpoint {
namespace {

bool starts_with(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

std::string list_some(const std::string& title, const std::vector<std::string>& names,
                      std::size_t limit) {
  if (names.empty()) return {};
  const auto shown = static_cast<std::ptrdiff_t>(std::min(limit, names.size()));
  std::string text = fmt::format("{} {}: {}", names.size(), title,
                                 fmt::join(names.begin(), names.begin() + shown, ", "));
  if (names.size() > limit) text += ", ...";
  return text;
}

}  // namespace

std::string LoadReport::summary(std::size_t limit) const {
  if (complete()) return "all tensors agree";
  std::string text;
  for (const std::string& part :
       {list_some("missing", missing, limit), list_some("unexpected", unexpected, limit),
        list_some("of another shape", mismatched, limit)}) {
    if (!text.empty() && !part.empty()) text += "; ";
    text += part;
  }
  return text;
}

LoadReport compare_tensors(const std::vector<std::pair<std::string, at::Tensor>>& targets,
                           const StateDict& source) {
  LoadReport report;
  std::set<std::string> known;
  for (const auto& [name, target] : targets) {
    known.insert(name);
    const auto found = source.find(name);
    if (found == source.end()) {
      report.missing.push_back(name);
    } else if (found->second.sizes() != target.sizes()) {
      report.mismatched.push_back(fmt::format("{}: file [{}], model [{}]", name,
                                              fmt::join(found->second.sizes(), ", "),
                                              fmt::join(target.sizes(), ", ")));
    }
  }
  for (const auto& entry : source) {
    if (known.count(entry.first) == 0) report.unexpected.push_back(entry.first);
  }
  return report;
}

void require_fit(const std::vector<std::pair<std::string, at::Tensor>>& targets,
                 const StateDict& source, const std::string& what) {
  const LoadReport report = compare_tensors(targets, source);
  if (report.complete()) return;
  throw Error(ExitCode::unreadable_input,
              fmt::format("{}: the tensors do not fit the model: {}", what, report.summary()));
}

LoadReport load_tensors(const std::vector<std::pair<std::string, at::Tensor>>& targets,
                        const StateDict& source, SourcePages pages) {
  const at::NoGradGuard no_gradients;
  for (const auto& [name, target] : targets) {
    const auto found = source.find(name);
    if (found == source.end() || found->second.sizes() != target.sizes()) continue;
    target.copy_(found->second);
    if (pages == SourcePages::release) release_mapped_pages(found->second);
  }
  return compare_tensors(targets, source);
}

void load_strictly(const std::vector<std::pair<std::string, at::Tensor>>& targets,
                   const StateDict& source, const std::string& what, SourcePages pages) {
  require_fit(targets, source, what);
  static_cast<void>(load_tensors(targets, source, pages));
}

StateDict strip_common_prefix(StateDict source, const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) {
    const bool common =
        !prefix.empty() && !source.empty() &&
        std::all_of(source.begin(), source.end(), [&prefix](const auto& entry) {
          return entry.first.size() > prefix.size() && starts_with(entry.first, prefix);
        });
    if (common) return below_prefix(source, prefix);
  }
  return source;
}

StateDict below_prefix(const StateDict& source, const std::string& prefix) {
  StateDict result;
  for (auto entry = source.lower_bound(prefix);
       entry != source.end() && starts_with(entry->first, prefix); ++entry) {
    result.emplace(entry->first.substr(prefix.size()), entry->second);
  }
  return result;
}

}  // namespace oasis::checkpoint
