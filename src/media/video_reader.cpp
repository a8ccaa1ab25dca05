#include "oasis/media/video_reader.h"

#include <fmt/format.h>

#include "image_folder_reader.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/media/color_conversion.h"
#include "stream_reader.h"

namespace oasis::media {

std::unique_ptr<VideoReader> VideoReader::open(const std::filesystem::path& path,
                                               const ReaderOptions& options) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return std::make_unique<ImageFolderReader>(path, options);
  }
  // Addresses such as https://... are left to FFmpeg.
  const bool is_address = path.string().find("://") != std::string::npos ||
                          path.string().find(":/") != std::string::npos;
  if (!is_address && !std::filesystem::exists(path, error)) {
    throw Error(ExitCode::unreadable_input, fmt::format("{} does not exist", path.string()));
  }
  return std::make_unique<StreamReader>(path.string(), options);
}

bool VideoReader::next_bytes(Frame& frame, std::uint8_t* rgb) {
  if (!next(frame)) return false;
  to_rgb_bytes(frame, rgb);
  return true;
}

void VideoReader::warn(const std::string& message) {
  if (!quiet_) log::warn("{}", message);
  warnings_.push_back(message);
}

}  // namespace oasis::media
