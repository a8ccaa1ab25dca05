#pragma once

#include <string>

#include "oasis/media/video_writer.h"
#include "part_path.h"

namespace oasis::media {

/// Writes frames as `000001.png`, `000002.png`, ... into a folder, or a single one as one file.
class ImageWriter final : public VideoWriter {
 public:
  ImageWriter(const std::filesystem::path& path, const WriterOptions& options,
              const VideoInfo& input, int width, int height);

  void write(const Frame& frame) override;
  void finish() override;
  std::int64_t frames_kept() const override { return kept_; }
  const std::string& codec() const override { return codec_; }

 private:
  void take_up_images(const std::filesystem::path& parts);
  std::filesystem::path image_path(int number) const;

  PartPath part_;
  std::string codec_ = "png";
  bool single_;
  int bit_depth_;
  int width_, height_;
  int count_ = 0;
  int kept_ = 0;
};

}  // namespace oasis::media
