#include <fmt/format.h>

#include <set>

#include "convert_source.h"
#include "convert_wan.h"
#include "oasis/checkpoint/mapped_tensor.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/model/empty_prompt.h"

namespace oasis::tools {

void convert_prompt(const WanSources& sources, const std::filesystem::path& folder,
                    model::ModelDescription& about) {
  const Source source = open_source("umT5", sources.t5);
  const bool official = source.tensors.contains("token_embedding.weight");
  std::set<std::string> used;
  at::Tensor last;
  // Only the tensor in use needs memory: the whole encoder may be larger than the machine.
  const auto fetch = [&](const std::string& name) {
    checkpoint::release_mapped_pages(last);
    const auto found = source.tensors.find(name);
    last = found == source.tensors.end() ? at::Tensor() : found->second;
    if (last.defined()) used.insert(name);
    return last;
  };
  at::Tensor context;
  try {
    context = model::empty_prompt_context(
        fetch, official ? model::T5Naming::official : model::T5Naming::transformers);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", source.path.string(), error.what()));
  }
  if (context.size(1) != about.dit.text_dim) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: width {} does not fit the DiT's text_dim {}", source.path.string(),
                            context.size(1), about.dit.text_dim));
  }
  checkpoint::write_safetensors(folder / "empty_prompt.safetensors", {{"context", context}});
  about.prompt = "t5_empty";
  std::vector<std::string> left_out;
  for (const auto& entry : source.tensors) {
    if (!used.contains(entry.first)) left_out.push_back(entry.first);
  }
  log_mapping(source, used.size(), official ? "official" : "transformers", left_out,
              "the empty prompt, a lone token, does not need them");
}

}  // namespace oasis::tools
