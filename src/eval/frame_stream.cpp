#include "eval/frame_stream.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "oasis/core/error.h"
#include "oasis/core/interrupt.h"

namespace oasis::eval {
namespace {

std::unique_ptr<media::VideoReader> open_reader(const std::filesystem::path& path, int threads) {
  media::ReaderOptions options;
  options.threads = threads;
  options.quiet = true;
  return media::VideoReader::open(path, options);
}

}  // namespace

FrameStream::FrameStream(const std::filesystem::path& path, const StreamOptions& options)
    : reader_(open_reader(path, options.threads)),
      options_(options),
      form_(frame_form(reader_->info(), options.take_bt601)),
      thread_([this] { read(); }) {}

FrameStream::~FrameStream() {
  stopped_ = true;
  queue_.cancel();
  thread_.join();
}

std::int64_t FrameStream::expected() const {
  const std::int64_t all = info().frame_count;
  if (all <= 0) return 0;
  return std::max<std::int64_t>(
      0, std::min(all, options_.frames.end_frame) - options_.frames.first_frame);
}

void FrameStream::read() {
  try {
    media::Frame frame;
    std::int64_t index = 0;
    while (!stopped_ && index < options_.frames.first_frame && reader_->skip(frame)) ++index;
    for (; !stopped_ && index < options_.frames.end_frame; ++index) {
      const bool counting = counting_;
      at::Tensor tensor;
      if (!(counting ? reader_->skip(frame) : next(frame, tensor))) break;
      if (!queue_.push(std::move(tensor))) return;
    }
    damaged_ = reader_->damaged();
  } catch (...) {
    error_ = std::current_exception();
  }
  queue_.close();
}

bool FrameStream::next(media::Frame& frame, at::Tensor& tensor) {
  if (form_.bytes && !form_.bt709_to_bt601) {
    tensor = at::empty({3, info().height, info().width}, at::kByte);
    return reader_->next_bytes(frame, tensor.mutable_data_ptr<std::uint8_t>());
  }
  if (!reader_->next(frame)) return false;
  tensor = frame_tensor(frame, form_);
  return true;
}

std::optional<at::Tensor> FrameStream::next() {
  auto frame = queue_.pop([] { throw_if_interrupted(); });
  // The queue is closed after the error was stored.
  if (!frame && error_) std::rethrow_exception(error_);
  return frame;
}

std::int64_t FrameStream::count_rest() {
  counting_ = true;
  std::int64_t count = 0;
  while (next()) ++count;
  return count;
}

std::int64_t count_frames(const std::filesystem::path& path, const StreamOptions& options) {
  const auto reader = open_reader(path, options.threads);
  media::Frame frame;
  std::int64_t index = 0;
  while (index < options.frames.end_frame && reader->skip(frame)) {
    if (++index % 64 == 0) throw_if_interrupted();
  }
  if (reader->damaged()) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{} is damaged: only {} frames could be decoded; make it again",
                            path.string(), index));
  }
  return std::max<std::int64_t>(0, index - options.frames.first_frame);
}

}  // namespace oasis::eval
