#include "oasis/data/packed_samples.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/error.h"
#include "oasis/core/philox.h"
#include "oasis/data/epoch_order.h"
#include "oasis/data/orientation.h"

namespace oasis::data {
namespace {

namespace fs = std::filesystem;

at::Tensor to_bytes(const at::Tensor& clip) {
  return ((clip + 1.0) * 127.5).round().clamp(0, 255).to(at::kByte).contiguous();
}

at::Tensor to_floats(const at::Tensor& bytes) {
  return bytes.to(at::kFloat, /*non_blocking=*/false, /*copy=*/false, at::MemoryFormat::Contiguous)
      .div_(127.5)
      .sub_(1.0);
}

// What is drawn for a sample; a purpose's number is fixed for good.
enum Purpose : std::uint32_t { kOrientation = 0x666c6970U, kPlace = 0x63726f70U };

PhiloxCounter draw(std::uint64_t uid, std::uint64_t seed, Purpose purpose) {
  return philox(
      {static_cast<std::uint32_t>(uid), static_cast<std::uint32_t>(uid >> 32), 0, purpose},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
}

Orientation draw_orientation(std::uint64_t uid, const PackedOptions& options) {
  const PhiloxCounter words = draw(uid, options.seed, kOrientation);
  const auto heads = [&words](std::size_t i) { return (words[i] & 1U) != 0; };
  return {options.flip && heads(0), options.turn && heads(1),
          options.turn && options.width == options.height && heads(2)};
}

// Where a crop begins: frame, and LQ pixels.
struct Corner {
  std::int64_t frame, y, x;
};

Corner draw_corner(std::uint64_t uid, const PackedOptions& options, const at::Tensor& lq) {
  const PhiloxCounter words = draw(uid, options.seed, kPlace);
  const auto from = [](std::uint32_t word, std::int64_t room) {
    return static_cast<std::int64_t>(word) % (room + 1);
  };
  return {from(words[0], lq.size(1) - options.frames),
          from(words[1], lq.size(2) - options.height / 4),
          from(words[2], lq.size(3) - options.width / 4)};
}

bool is_pair(const at::Tensor& hq, const at::Tensor& lq) {
  const auto is_clip = [](const at::Tensor& clip) {
    return clip.dim() == 4 && clip.size(0) == 3 && clip.scalar_type() == at::kByte;
  };
  return is_clip(hq) && is_clip(lq) && hq.size(1) == lq.size(1) && hq.size(2) == 4 * lq.size(2) &&
         hq.size(3) == 4 * lq.size(3);
}

bool holds_crop(const at::Tensor& hq, const PackedOptions& options) {
  return hq.size(1) >= options.frames && hq.size(2) >= options.height &&
         hq.size(3) >= options.width;
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

std::vector<fs::path> packed_shards(const fs::path& folder) {
  std::vector<fs::path> shards;
  if (!fs::is_directory(folder)) return shards;
  std::error_code error;
  for (fs::recursive_directory_iterator item(folder, error), end; !error && item != end;
       item.increment(error)) {
    if (item->path().extension() == ".safetensors" && item->is_regular_file()) {
      shards.push_back(item->path());
    }
  }
  if (error) {
    throw Error(ExitCode::unreadable_input, fmt::format("{}: the folder cannot be searched: {}",
                                                        folder.string(), error.message()));
  }
  std::sort(shards.begin(), shards.end());
  return shards;
}

PackedSource::PackedSource(const fs::path& folder, const PackedOptions& options)
    : options_(options) {
  if (options.frames < 1 || options.width < 4 || options.height < 4 || options.width % 4 != 0 ||
      options.height % 4 != 0) {
    throw Error(ExitCode::usage,
                fmt::format("a crop of {} frames of {}x{} pixels: sides must be multiples of 4",
                            options.frames, options.width, options.height));
  }
  for (const fs::path& path : packed_shards(folder)) add_shard(path);
  if (entries_.empty()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: no packed samples here; make them with oasis-train --degrade-to",
                            folder.string()));
  }
}

void PackedSource::add_shard(const fs::path& path) {
  const auto file = checkpoint::read_safetensors(path);
  const checkpoint::StateDict tensors = file.tensors();
  const auto text = [&file](const std::string& key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  const auto samples = checkpoint::below_prefix(tensors, "hq.");
  if (samples.empty()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{}: no packed samples in it; a training folder with safetensors files "
                            "is taken for packed samples, so keep others elsewhere",
                            path.string()));
  }
  for (const auto& [name, hq] : samples) {
    const auto lq = tensors.find("lq." + name);
    if (lq == tensors.end() || !is_pair(hq, lq->second)) {
      throw Error(ExitCode::unreadable_input,
                  fmt::format("{}: sample {} is not a pair of 8-bit clips, HQ four times as large "
                              "as LQ; pack it again",
                              path.string(), name));
    }
    if (!holds_crop(hq, options_)) {
      throw Error(
          ExitCode::unreadable_input,
          fmt::format("{}: sample {} has {} frames of {}x{} pixels, too few for crops of {} frames "
                      "of {}x{}; lower data.frames, data.width or data.height, or pack larger "
                      "samples with oasis-train --degrade-to",
                      path.string(), name, hq.size(1), hq.size(3), hq.size(2), options_.frames,
                      options_.width, options_.height));
    }
    entries_.push_back({hq, lq->second, text("origin." + name), text("degradation." + name)});
  }
}

TrainingSample PackedSource::sample(std::uint64_t uid) const {
  const Entry& entry = entries_[clip_of_sample(uid, entries_.size(), options_.seed)];
  const Corner corner = draw_corner(uid, options_, entry.lq);
  const Orientation orientation = draw_orientation(uid, options_);
  const auto cut = [&](const at::Tensor& clip, std::int64_t scale) {
    const at::Tensor part = clip.narrow(1, corner.frame, options_.frames)
                                .narrow(2, corner.y * scale, options_.height / 4 * scale)
                                .narrow(3, corner.x * scale, options_.width / 4 * scale);
    return to_floats(orient(part, orientation));
  };
  return {uid, cut(entry.hq, 4), cut(entry.lq, 1), entry.origin, entry.degradation};
}

}  // namespace oasis::data
