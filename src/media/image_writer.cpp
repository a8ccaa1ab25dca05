#include "image_writer.h"

#include <fmt/format.h>

#include "oasis/core/error.h"
#include "oasis/media/image_io.h"
#include "stream_copier.h"

namespace oasis::media {

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
  std::filesystem::remove_all(part_.part(), error);
  if (!single_ && !std::filesystem::create_directory(part_.part(), error)) {
    throw Error(
        fmt::format("cannot make the folder {}: {}", part_.part().string(), error.message()));
  }
  if (options.source.empty() || input.image_folder) return;
  const StreamCopier copier(options.source.string(), input.stream_index, options.range);
  const std::string losses = copier.losses_without_container();
  if (!losses.empty()) warn(fmt::format("{}: {}", path.string(), losses));
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
  write_png(single_ ? part_.part() : part_.part() / fmt::format("{:06d}.png", count_), frame,
            bit_depth_);
}

void ImageWriter::finish() {
  if (count_ == 0) throw Error(fmt::format("no frame was written to {}", part_.path().string()));
  part_.commit();
}

}  // namespace oasis::media
