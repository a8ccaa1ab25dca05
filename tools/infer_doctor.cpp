#include "infer_doctor.h"

#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <torch/cuda.h>

extern "C" {
#include <libavutil/avutil.h>
}
#if __has_include(<opencv4/opencv2/core/version.hpp>)
#include <opencv4/opencv2/core/version.hpp>
#endif

#include <exception>
#include <functional>
#include <string>

#include "infer_model.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/version.h"
#include "oasis/infer/clip_upscaler.h"
#include "oasis/infer/memory_plan.h"
#include "oasis/media/video_writer.h"

namespace oasis::tools {
namespace {

/// A folder of its own for trial files, removed at the end.
class TrialFolder {
 public:
  TrialFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "oasis-doctor-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw Error("no folder can be made for trial files");
    path_ = name;
  }
  ~TrialFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TrialFolder(const TrialFolder&) = delete;
  TrialFolder& operator=(const TrialFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Prints "name: what `check` says" or why it failed; returns whether it worked.
bool report(const std::string& name, const std::function<std::string()>& check) {
  std::string result;
  bool good = true;
  try {
    result = check();
  } catch (const std::exception& error) {
    const std::string what = error.what();
    result = "FAILED: " + what.substr(0, what.find('\n'));
    good = false;
  }
  fmt::print("{:<16} {}\n", name, result);
  return good;
}

std::string try_encoder(const std::filesystem::path& folder, const std::string& codec) {
  media::VideoInfo info;
  info.width = info.height = 64;
  media::WriterOptions options;
  options.codec = codec;
  const auto writer =
      media::VideoWriter::create(folder / (codec + ".mkv"), options, info, info.width, info.height);
  media::Frame frame;
  frame.resize(info.width, info.height);
  std::fill(frame.rgb.begin(), frame.rgb.end(), 0.5F);
  frame.duration = 1;
  writer->write(frame);
  writer->finish();
  return "works";
}

std::string try_model(const InferOptions& options) {
  const auto device = parse_device(options.device);
  const auto precision = parse_precision(options.precision, device);
  const auto model = open_model(options.model, device, precision);
  const c10::InferenceMode no_gradients;
  infer::ClipUpscaler clips(*model, {});
  const std::int64_t frames = model->rules().frame_step + 1;
  const auto result = clips.upscale(at::zeros({3, frames, 32, 32}), frames);
  if (!result.isfinite().all().item<bool>()) throw Error("the result is not finite");
  return fmt::format("{}, {} frames of 32x32 to {}x{} in {}", model->description(), frames,
                     result.size(3), result.size(2), precision_name(precision));
}

std::string describe_memory() {
  constexpr double gibibyte = 1LL << 30;
  return fmt::format("{:.1f} GiB available",
                     static_cast<double>(infer::available_memory()) / gibibyte);
}

}  // namespace

int run_doctor(const InferOptions& options) {
  report("oasis", [] { return version(); });
  report("LibTorch", [] { return torch_version(); });
  report("FFmpeg", [] { return std::string(av_version_info()); });
#ifdef CV_VERSION
  report("OpenCV", [] { return std::string(CV_VERSION); });
#endif
  report("memory", describe_memory);
  report("CUDA devices", [] { return fmt::format("{}", torch::cuda::device_count()); });
  bool good = report("device", [&] { return parse_device(options.device).str() + " works"; });
  {
    const TrialFolder folder;
    for (const char* codec : {"h264", "hevc", "hevc10", "vp9", "ffv1"}) {
      const bool works = report(fmt::format("encoder {}", codec),
                                [&] { return try_encoder(folder.path(), codec); });
      good = good && (works || std::string(codec) != "h264");
    }
  }
  report("shipped model", [] {
    const auto folder = shipped_model();
    return folder.empty() ? std::string("not there") : folder.string();
  });
  good = report("inference", [&] { return try_model(options); }) && good;
  return static_cast<int>(good ? ExitCode::done : ExitCode::failed);
}

}  // namespace oasis::tools
