#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
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

/// Samples from the shards of a folder, in an order of their own for each epoch.
class PackedSource : public SampleSource {
 public:
  /// Throws `oasis::Error` if the folder holds no shard or a shard cannot be read.
  PackedSource(const std::filesystem::path& folder, std::uint64_t seed, bool flip);

  TrainingSample sample(std::uint64_t uid) const override;
  std::size_t epoch_size() const override { return entries_.size(); }
  std::size_t damaged() const override { return 0; }

 private:
  struct Entry {
    at::Tensor hq, lq;  ///< uint8, views of the mapped shard
    std::string origin, degradation;
  };

  std::vector<Entry> entries_;
  std::uint64_t seed_;
  bool flip_;
};

}  // namespace oasis::data
