#pragma once

#include <filesystem>

#include "oasis/data/sample_source.h"

namespace oasis::tools {

/// A contact sheet of the first `count` samples: LQ enlarged to the HQ's size beside HQ, first
/// frame, with origin and the drawn parameters as text. PNG.
void write_contact_sheet(const std::filesystem::path& path, const data::SampleSource& source,
                         int count);

/// Writes samples 0 .. count - 1 as shards; shards that are there already are kept.
void write_packed(const std::filesystem::path& folder,
                  std::shared_ptr<const data::SampleSource> source, int count, int threads);

}  // namespace oasis::tools
