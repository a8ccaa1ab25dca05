#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "oasis/media/video_reader.h"

namespace oasis::media {

/// Orders names as people count: runs of digits compare as numbers, the rest by character.
bool natural_less(const std::string& left, const std::string& right);

/// The images of a folder as a video of constant rate; the time base is one frame.
class ImageFolderReader final : public VideoReader {
 public:
  ImageFolderReader(const std::filesystem::path& folder, const ReaderOptions& options);

  const VideoInfo& info() const override { return info_; }
  bool next(Frame& frame) override;
  bool skip(Frame& frame) override;

 private:
  void report_gaps();
  void describe(const ReaderOptions& options);

  std::filesystem::path folder_;
  std::vector<std::filesystem::path> files_;
  std::size_t position_ = 0;
  VideoInfo info_;
};

}  // namespace oasis::media
