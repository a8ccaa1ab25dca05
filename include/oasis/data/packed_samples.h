#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "oasis/data/sample_source.h"

namespace oasis::data {

/// Writes training crops into safetensors shards: `lq.<n>` and `hq.<n>`, `[3, T, h, w]` uint8, with
/// origin and degradation in the metadata. What `--degrade-to` leaves and training reads without
/// FFmpeg or OpenCV.
class PackedWriter {
 public:
  /// Shards of `per_shard` samples go to `folder`, which is made; an existing shard of a number is
  /// kept and its samples are not made anew. Throws `oasis::Error` if the folder cannot be written.
  PackedWriter(std::filesystem::path folder, std::size_t per_shard);

  /// Whether the shard that holds sample `n` is complete.
  bool has(std::uint64_t n) const;
  /// Samples come in order of number. A shard is written, as `.part` and then renamed, when full.
  void add(const TrainingSample& sample, std::uint64_t n);
  /// Writes the last, shorter shard.
  void finish();

 private:
  std::filesystem::path shard_path(std::uint64_t n) const;
  void flush();

  std::filesystem::path folder_;
  std::size_t per_shard_;
  std::vector<std::pair<std::uint64_t, TrainingSample>> pending_;
};

/// The shards (`*.safetensors`) of a folder and of its subfolders, sorted by path; empty if there
/// are none or `folder` is no folder. Throws `oasis::Error` if a subfolder cannot be searched.
std::vector<std::filesystem::path> packed_shards(const std::filesystem::path& folder);

/// What is made of stored samples, which may be larger than the crop.
struct PackedOptions {
  std::int64_t frames = 17;   ///< of a sample
  std::int64_t width = 640;   ///< HQ pixels, a multiple of 4
  std::int64_t height = 320;  ///< HQ pixels, a multiple of 4
  bool flip = true;           ///< half of the samples mirrored left to right
  /// Half of the samples mirrored top to bottom, and, where the crop is square, half transposed.
  bool turn = false;
  std::uint64_t seed = 0;
};

/// Samples from the shards of a folder and its subfolders, together one training set, in an order
/// of their own for each epoch. First frame, place (at whole LQ pixels) and orientation of a crop
/// depend on (seed, uid) alone; a sample of the crop's size is taken as it is.
class PackedSource : public SampleSource {
 public:
  /// Throws `oasis::Error`: (unreadable_input) if there is no shard, a shard cannot be read or
  /// holds no samples, or a sample is smaller than the crop; (usage) if the crop has no LQ size.
  PackedSource(const std::filesystem::path& folder, const PackedOptions& options);

  TrainingSample sample(std::uint64_t uid) const override;
  std::size_t epoch_size() const override { return entries_.size(); }
  std::size_t damaged() const override { return 0; }

 private:
  struct Entry {
    at::Tensor hq, lq;  ///< uint8, views of the mapped shard
    std::string origin, degradation;
  };

  void add_shard(const std::filesystem::path& path);

  std::vector<Entry> entries_;
  PackedOptions options_;
};

}  // namespace oasis::data
