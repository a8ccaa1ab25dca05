#include "infer_doctor.h"

#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <torch/cuda.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libswscale/swscale.h>
}
#if __has_include(<opencv4/opencv2/core/version.hpp>)
#include <opencv4/opencv2/core/version.hpp>
#endif

#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "infer_model.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/version.h"
#include "oasis/infer/clip_upscaler.h"
#include "oasis/infer/memory_plan.h"
#include "oasis/media/video_writer.h"
#include "oasis/model/model_folder.h"

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

std::string describe_ffmpeg() {
  const auto text = [](unsigned version) {
    return fmt::format("{}.{}.{}", version >> 16, (version >> 8) & 255, version & 255);
  };
  return fmt::format("{} (libavformat {}, libavcodec {}, libavutil {}, libswscale {})",
                     av_version_info(), text(avformat_version()), text(avcodec_version()),
                     text(avutil_version()), text(swscale_version()));
}

std::string describe_cuda() {
#ifdef OASIS_WITH_CUDA
  return fmt::format("{} found", torch::cuda::device_count());
#else
  return "built without CUDA";
#endif
}

const char* name_of(model::FileState state) {
  switch (state) {
    case model::FileState::good:
      return "good";
    case model::FileState::changed:
      return "CHANGED: not the file that model.yaml describes";
    case model::FileState::missing:
      return "MISSING";
    case model::FileState::unlisted:
      return "not listed in model.yaml";
  }
  return "unknown";
}

/// Prints the model folder and the state of each of its files; returns whether all are as listed.
bool report_model(const std::string& name) {
  if (name == "bicubic") return report("model", [] { return std::string("bicubic"); });
  model::ModelDescription about;
  bool good = report("model", [&] {
    const auto folder = model_folder(name);
    about = model::read_model_description(folder);
    return fmt::format("{}, {}, {}, in {}", about.name, about.trained ? "trained" : "not trained",
                       about.licence, folder.string());
  });
  if (!good) return false;
  std::vector<model::FileStatus> files;
  good = report("files", [&] {
    files = model::verify_files(model_folder(name));
    return fmt::format("{}, each compared with its hash", files.size());
  });
  for (const auto& file : files) {
    const auto hash = about.files.find(file.name);
    fmt::print("  {:<28} {}  {}\n", file.name, name_of(file.state),
               hash == about.files.end() ? "" : hash->second);
    // The encoder may be left out: only training needs it.
    const bool optional = file.name == "vae_encoder.safetensors";
    if (file.state == model::FileState::changed) good = false;
    if (file.state == model::FileState::missing && !optional) good = false;
  }
  return good;
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
  report("FFmpeg", describe_ffmpeg);
#ifdef CV_VERSION
  report("OpenCV", [] { return std::string(CV_VERSION); });
#endif
  report("memory", describe_memory);
  report("processors", [] { return fmt::format("{}", std::thread::hardware_concurrency()); });
  report("CUDA devices", describe_cuda);
  bool good = report("device", [&] { return parse_device(options.device).str() + " works"; });
  {
    const TrialFolder folder;
    for (const char* codec : {"h264", "hevc", "hevc10", "vp9", "ffv1"}) {
      const bool works = report(fmt::format("encoder {}", codec),
                                [&] { return try_encoder(folder.path(), codec); });
      good = good && (works || std::string(codec) != "h264");
    }
  }
  good = report_model(options.model) && good;
  good = report("inference", [&] { return try_model(options); }) && good;
  return static_cast<int>(good ? ExitCode::done : ExitCode::failed);
}

}  // namespace oasis::tools
