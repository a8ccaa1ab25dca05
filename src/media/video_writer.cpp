#include "oasis/media/video_writer.h"

#include <fmt/format.h>

#include "file_writer.h"
#include "image_writer.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"

namespace oasis::media {
namespace {

/// A name without extension, with a slash at its end, of a folder that exists, or of a PNG file.
bool names_images(const std::filesystem::path& path) {
  std::error_code error;
  return !path.has_filename() || path.extension().empty() || path.extension() == ".png" ||
         std::filesystem::is_directory(path, error);
}

}  // namespace

std::unique_ptr<VideoWriter> VideoWriter::create(const std::filesystem::path& path,
                                                 const WriterOptions& options,
                                                 const VideoInfo& input, int out_width,
                                                 int out_height) {
  if (path.empty() || out_width < 1 || out_height < 1) {
    throw Error(ExitCode::usage, fmt::format("cannot write a video of {}x{} to '{}'", out_width,
                                             out_height, path.string()));
  }
  if (names_images(path)) {
    return std::make_unique<ImageWriter>(path, options, input, out_width, out_height);
  }
  return std::make_unique<FileWriter>(path, options, input, out_width, out_height);
}

void VideoWriter::warn(const std::string& message) {
  log::warn("{}", message);
  warnings_.push_back(message);
}

}  // namespace oasis::media
