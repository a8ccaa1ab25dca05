#include "image_writer.h"

#include <fmt/format.h>

#include <cstring>
#include <fstream>

#include "oasis/core/error.h"
#include "oasis/media/image_io.h"
#include "stream_copier.h"

namespace oasis::media {
namespace {

/// Whether a PNG file reaches its last chunk.
bool is_complete_png(const std::filesystem::path& path) {
  static constexpr char kEnd[12] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', '\xae', 'B', '`', '\x82'};
  std::ifstream file(path, std::ios::binary);
  char last[sizeof kEnd];
  return file.seekg(-static_cast<std::streamoff>(sizeof kEnd), std::ios::end) &&
         file.read(last, sizeof last) && std::memcmp(last, kEnd, sizeof kEnd) == 0;
}

}  // namespace

ImageWriter::ImageWriter(const std::filesystem::path& path, const WriterOptions& options,
                         const VideoInfo& input, int width, int height)
    : part_(path, options.source, options.overwrite),
      single_(path.extension() == ".png"),
      bit_depth_(input.bit_depth > 8 ? 16 : 8),
      width_(width),
      height_(height) {
  if (!options.codec.empty() && options.codec != "png") {
    throw Error(ExitCode::usage, fmt::format("codec {} does not fit into images ({}); use png, or "
                                             "name a file that ends in .mkv",
                                             options.codec, path.string()));
  }
  std::error_code error;
  const bool resumable = !single_ && !options.parts.empty();
  // The mark says that the images belong to what else is in the folder of parts.
  const auto mark = options.parts / "images";
  if (!resumable || !std::filesystem::exists(mark)) {
    std::filesystem::remove_all(part_.part(), error);
  }
  if (!single_ && !std::filesystem::is_directory(part_.part()) &&
      !std::filesystem::create_directory(part_.part(), error)) {
    throw Error(
        fmt::format("cannot make the folder {}: {}", part_.part().string(), error.message()));
  }
  if (resumable) take_up_images(options.parts);
  if (options.source.empty() || input.image_folder) return;
  const StreamCopier copier(options.source.string(), input.stream_index, options.range);
  const std::string losses = copier.losses_without_container();
  if (!losses.empty()) warn(fmt::format("{}: {}", path.string(), losses));
}

std::filesystem::path ImageWriter::image_path(int number) const {
  return part_.part() / fmt::format("{:06d}.png", number);
}

/// Keeps the images up to the first that is missing or incomplete, and marks the folder of parts.
void ImageWriter::take_up_images(const std::filesystem::path& parts) {
  std::error_code error;
  part_.keep();
  std::filesystem::create_directories(parts, error);
  while (is_complete_png(image_path(kept_ + 1))) ++kept_;
  for (int i = kept_ + 1; std::filesystem::remove(image_path(i), error); ++i) {
  }
  count_ = kept_;
  if (!std::ofstream(parts / "images")) {
    throw Error(fmt::format("cannot write to the folder {}", parts.string()));
  }
}

void ImageWriter::write(const Frame& frame) {
  if (frame.width != width_ || frame.height != height_) {
    throw Error(fmt::format("a frame of {}x{} was given for images of {}x{}", frame.width,
                            frame.height, width_, height_));
  }
  ++count_;
  if (single_ && count_ > 1) {
    throw Error(ExitCode::usage,
                fmt::format("{} holds one image, but the input has more frames; name a folder",
                            part_.path().string()));
  }
  write_png(single_ ? part_.part() : image_path(count_), frame, bit_depth_);
}

void ImageWriter::finish() {
  if (count_ == 0) throw Error(fmt::format("no frame was written to {}", part_.path().string()));
  part_.commit();
}

}  // namespace oasis::media
