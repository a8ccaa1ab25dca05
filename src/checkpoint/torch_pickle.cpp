#include "oasis/checkpoint/torch_pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "oasis/checkpoint/mapped_file.h"
#include "oasis/checkpoint/strict_json.h"
#include "oasis/core/error.h"
#include "pth_archive.h"
#include "pth_tensor.h"

namespace oasis::checkpoint {
namespace {

Error bad_pth(const std::string& where, const std::string& why) {
  return Error(ExitCode::unreadable_input, fmt::format("{}: {}", where, why));
}

PthArchive open_archive(const std::shared_ptr<const MappedFile>& file) {
  if (ZipDirectory::looks_like_zip(*file)) return open_zip_archive(file);
  // Every pickle of protocol 2 and later begins so.
  if (file->text().substr(0, 1) == "\x80") return open_legacy_archive(file);
  throw bad_pth(file->path().string(), "not a PyTorch checkpoint");
}

// A name of the dictionary as text; integers, as optimisers use them, in decimals.
std::optional<std::string> key_text(const PickleValue& key) {
  if (key.kind == PickleKind::text) return std::string(key.text);
  if (key.kind == PickleKind::integer) return std::to_string(key.integer);
  return std::nullopt;
}

std::string dictionaries_in(const PickleTree& tree, const PickleValue& dictionary) {
  constexpr std::size_t most = 8;
  std::vector<std::string> names;
  for (std::size_t i = 0; i + 1 < dictionary.items.size() && names.size() < most; i += 2) {
    const auto name = key_text(tree[dictionary.items[i]]);
    if (name && tree[dictionary.items[i + 1]].kind == PickleKind::dictionary) {
      names.push_back(quoted_name(*name));
    }
  }
  if (names.empty()) return {};
  return fmt::format("; dictionaries in it: {}", fmt::join(names, ", "));
}

// Follows a dotted path from the root. As in Python, the last of equal keys counts.
const PickleValue& select_dictionary(const PickleTree& tree, std::string_view path,
                                     const std::string& where) {
  const PickleValue* current = &tree.root();
  while (true) {
    if (current->kind != PickleKind::dictionary) {
      throw bad_pth(where,
                    "what it holds is no dictionary of tensors (a whole module, a list or a "
                    "TorchScript archive?); save model.state_dict()");
    }
    if (path.empty()) return *current;
    const std::string name(path.substr(0, path.find('.')));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    const PickleValue* next = nullptr;
    for (std::size_t i = 0; i + 1 < current->items.size(); i += 2) {
      if (key_text(tree[current->items[i]]) == name) next = &tree[current->items[i + 1]];
    }
    if (next == nullptr) {
      throw bad_pth(
          where, fmt::format("no {} in it{}", quoted_name(name), dictionaries_in(tree, *current)));
    }
    current = next;
  }
}

bool is_plain(PickleKind kind) {
  switch (kind) {
    case PickleKind::none:
    case PickleKind::boolean:
    case PickleKind::integer:
    case PickleKind::big_integer:
    case PickleKind::real:
    case PickleKind::text:
      return true;
    default:
      return false;
  }
}

}  // namespace

PthFile read_pth(const std::filesystem::path& path, const PthOptions& options) {
  const auto file = MappedFile::open(path);
  const std::string where = path.string();
  const PthArchive archive = open_archive(file);
  const PickleTree& tree = archive.tree;
  const PickleValue& dictionary = select_dictionary(tree, options.select, where);

  PthFile result;
  PthTensorBuilder builder(file, tree, *archive.storages);
  std::set<std::string> names;
  for (std::size_t i = 0; i + 1 < dictionary.items.size(); i += 2) {
    const auto name = key_text(tree[dictionary.items[i]]);
    if (!name) throw bad_pth(where, "a key of the dictionary is neither a string nor an integer");
    if (!names.insert(*name).second) {
      throw bad_pth(where, fmt::format("the key {} occurs twice", quoted_name(*name)));
    }
    const std::uint32_t value = dictionary.items[i + 1];
    if (is_plain(tree[value].kind)) {
      result.skipped.push_back(*name);
      continue;
    }
    result.tensors.emplace(
        *name, builder.build(value, fmt::format("{}: {}{}", where, quoted_name(*name),
                                                tree[value].kind == PickleKind::dictionary
                                                    ? " (a dictionary; select it?)"
                                                    : "")));
  }
  if (result.tensors.empty()) {
    throw bad_pth(where, "the dictionary holds no tensor" + dictionaries_in(tree, dictionary));
  }
  return result;
}

}  // namespace oasis::checkpoint
