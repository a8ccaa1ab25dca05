#include "oasis/data/packed_samples.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/core/philox.h"
#include "oasis/data/epoch_order.h"

namespace oasis::data {
namespace {

namespace fs = std::filesystem;

at::Tensor to_bytes(const at::Tensor& clip) {
  return ((clip + 1.0) * 127.5).round().clamp(0, 255).to(at::kByte).contiguous();
}

at::Tensor to_floats(const at::Tensor& bytes) { return bytes.to(at::kFloat).div_(127.5).sub_(1.0); }

bool flips(std::uint64_t uid, std::uint64_t seed) {
  const PhiloxCounter words = philox(
      {static_cast<std::uint32_t>(uid), static_cast<std::uint32_t>(uid >> 32), 0, 0x666c6970U},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return (words[0] & 1U) != 0;
}

}  // namespace

PackedWriter::PackedWriter(fs::path folder, std::size_t per_shard)
    : folder_(std::move(folder)), per_shard_(std::max<std::size_t>(per_shard, 1)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) {
    throw Error(ExitCode::failed, fmt::format("{}: the folder cannot be made: {}", folder_.string(),
                                              error.message()));
  }
}

fs::path PackedWriter::shard_path(std::uint64_t n) const {
  return folder_ / fmt::format("samples-{:06}.safetensors", n / per_shard_);
}

bool PackedWriter::has(std::uint64_t n) const { return fs::exists(shard_path(n)); }

void PackedWriter::add(const TrainingSample& sample, std::uint64_t n) {
  if (!pending_.empty() && shard_path(pending_.front().first) != shard_path(n)) flush();
  pending_.emplace_back(n, sample);
  if ((n + 1) % per_shard_ == 0) flush();
}

void PackedWriter::finish() { flush(); }

void PackedWriter::flush() {
  if (pending_.empty()) return;
  checkpoint::StateDict tensors;
  checkpoint::SafetensorsMetadata metadata = {{"format", "oasis-samples"}, {"version", "1"}};
  for (const auto& [n, sample] : pending_) {
    tensors.emplace(fmt::format("hq.{:08}", n), to_bytes(sample.hq));
    tensors.emplace(fmt::format("lq.{:08}", n), to_bytes(sample.lq));
    metadata.emplace(fmt::format("origin.{:08}", n), sample.origin);
    metadata.emplace(fmt::format("degradation.{:08}", n), sample.degradation);
  }
  checkpoint::write_safetensors(shard_path(pending_.front().first), tensors, metadata);
  pending_.clear();
}

PackedSource::PackedSource(const fs::path& folder, std::uint64_t seed, bool flip)
    : seed_(seed), flip_(flip) {
  std::vector<fs::path> shards;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".safetensors") shards.push_back(entry.path());
  }
  std::sort(shards.begin(), shards.end());
  for (const fs::path& path : shards) {
    const auto file = checkpoint::read_safetensors(path);
    const checkpoint::StateDict tensors = file.tensors();
    const auto text = [&file](const std::string& key) {
      const auto found = file.metadata().find(key);
      return found == file.metadata().end() ? std::string() : found->second;
    };
    for (const auto& [name, hq] : checkpoint::below_prefix(tensors, "hq.")) {
      const auto lq = tensors.find("lq." + name);
      if (lq == tensors.end() || hq.dim() != 4 || hq.scalar_type() != at::kByte) {
        throw Error(ExitCode::unreadable_input,
                    fmt::format("{}: sample {} is not a pair of 8-bit clips", path.string(), name));
      }
      entries_.push_back({hq, lq->second, text("origin." + name), text("degradation." + name)});
    }
  }
  if (entries_.empty()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: no packed samples here; make them with oasis-train --degrade-to",
                            folder.string()));
  }
}

TrainingSample PackedSource::sample(std::uint64_t uid) const {
  const Entry& entry = entries_[clip_of_sample(uid, entries_.size(), seed_)];
  TrainingSample sample{uid, to_floats(entry.hq), to_floats(entry.lq), entry.origin,
                        entry.degradation};
  if (flip_ && flips(uid, seed_)) {
    sample.hq = sample.hq.flip({3}).contiguous();
    sample.lq = sample.lq.flip({3}).contiguous();
  }
  return sample;
}

}  // namespace oasis::data
