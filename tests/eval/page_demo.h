#pragma once

#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

#include "oasis/eval/results.h"
#include "oasis/media/image_io.h"

/// Invented results for the tests of the pages: plausible numbers and synthetic pictures.
namespace page_demo {

namespace fs = std::filesystem;
using oasis::eval::ClipResult;
using oasis::eval::Comparison;
using oasis::eval::EvaluationResult;
using oasis::eval::Picture;

/// A folder that goes away.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "oasis-page-test-XXXXXX").string();
    path_ = mkdtemp(name.data()) == nullptr ? fs::path() : fs::path(name);
  }
  ~Folder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A number in [-1, 1) from a place, always the same.
inline double noise(int a, int b) {
  const unsigned mixed = (static_cast<unsigned>(a) * 2654435761U) ^
                         (static_cast<unsigned>(b) * 2246822519U + 374761393U);
  return static_cast<double>((mixed ^ mixed >> 15) * 2654435769U >> 8) / 8388608.0 - 1.0;
}

/// The brightness of an invented scene: hills, rings that get finer, and bars.
inline double scene(double x, double y, int number, int frame) {
  const double shift = x + 0.006 * frame;
  const double hill = 0.55 + 0.1 * std::sin(5 * shift + number) + 0.05 * std::sin(17 * shift);
  const double rings = std::sin(260 * ((x - 0.7) * (x - 0.7) + (y - 0.35) * (y - 0.35)) - number);
  const double sky = 0.85 - 0.5 * y + 0.12 * rings * std::exp(-6 * std::abs(x - 0.7));
  const double ground = 0.3 + 0.15 * std::sin(90 * shift + 40 * y * y) * (y - hill + 0.3);
  const bool bars = y > 0.72 && y < 0.9 && x > 0.08 && x < 0.42;
  if (bars) return std::fmod(shift * (60 + 200 * (x - 0.08)), 1.0) < 0.5 ? 0.9 : 0.08;
  return y < hill ? sky : ground;
}

/// The scene at `width` x `height`; detail finer than `blur` pixels is lost.
inline oasis::media::Frame scene_frame(int width, int height, int number, int frame, int blur) {
  const int rows = (height + blur - 1) / blur + 1, columns = (width + blur - 1) / blur + 1;
  std::vector<double> coarse(static_cast<std::size_t>(rows * columns));
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) {
      coarse[static_cast<std::size_t>(y * columns + x)] =
          scene(static_cast<double>(x * blur) / width, static_cast<double>(y * blur) / height,
                number, frame);
    }
  }
  oasis::media::Frame result;
  result.resize(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double u = static_cast<double>(x % blur) / blur;
      const double v = static_cast<double>(y % blur) / blur;
      const double* at = &coarse[static_cast<std::size_t>(y / blur * columns + x / blur)];
      const double value = (1 - v) * ((1 - u) * at[0] + u * at[1]) +
                           v * ((1 - u) * at[columns] + u * at[columns + 1]);
      for (int channel = 0; channel < 3; ++channel) {
        const double tint = 1 - 0.12 * std::abs((channel + number) % 3 - 1.0);
        result.plane(channel)[y * width + x] = static_cast<float>(value * tint);
      }
    }
  }
  return result;
}

inline Picture encoded(const oasis::media::Frame& frame, const Folder& folder) {
  oasis::media::write_png(folder / "picture.png", frame);
  const std::string bytes = text_of(folder / "picture.png");
  return {"image/png", {bytes.begin(), bytes.end()}, frame.width, frame.height};
}

/// One row of the scene over `frames` frames.
inline Picture slice(int width, int frames, int number, int blur, const Folder& folder) {
  oasis::media::Frame result;
  result.resize(width, frames);
  for (int t = 0; t < frames; ++t) {
    const auto row = scene_frame(width, blur, number, t, blur);
    for (int channel = 0; channel < 3; ++channel) {
      const double pulse = blur > 1 ? 0.03 * std::cos(t * std::acos(0.0)) : 0;
      for (int x = 0; x < width; ++x) {
        result.plane(channel)[t * width + x] = row.plane(channel)[x] + static_cast<float>(pulse);
      }
    }
  }
  return encoded(result, folder);
}

struct Size {
  int width = 160;
  int height = 90;
  int frames = 33;
};

inline double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

inline void add_pictures(ClipResult& clip, int number, int blur, const Size& size,
                         const Folder& folder) {
  const auto picture = [&](int frame, int detail) {
    return encoded(scene_frame(size.width, size.height, number, frame, detail), folder);
  };
  for (const auto& [frame, why] :
       {std::pair{size.frames * 2 / 3, "lowest PSNR-Y"},
        std::pair{size.frames / 5, "highest LPIPS"}, std::pair{size.frames / 2, "middle"}}) {
    clip.pictures.frames.push_back(
        {frame, why, picture(frame, blur), picture(frame, 1), picture(frame, 8)});
  }
  clip.pictures.slice_output = slice(size.width, size.frames, number, blur, folder);
  clip.pictures.slice_reference = slice(size.width, size.frames, number, 1, folder);
}

inline ClipResult clip(const std::string& name, int number, int quality, const Size& size) {
  ClipResult result;
  result.name = name;
  result.output = "results/run-a/" + name + ".mp4";
  result.reference = "val/gt/" + name + ".mp4";
  result.frames = size.frames;
  result.width = size.width;
  result.height = size.height;
  result.fps = 24;
  for (int t = 0; t < size.frames; ++t) {
    const double dip = std::exp(-0.15 * std::pow(t - size.frames * 2.0 / 3, 2));
    const double psnr = 27 + quality + 1.7 * noise(number, 0) + 0.35 * noise(number, t) - 2.4 * dip;
    result.per_frame["psnr_y"].push_back(psnr);
    result.per_frame["ssim"].push_back(0.62 + psnr / 120 + 0.004 * noise(t, number));
    result.per_frame["lpips_alex"].push_back(0.62 - psnr / 80 + 0.012 * noise(t, number + 9));
    result.per_frame["clip_iqa"].push_back(0.5 + 0.03 * quality + 0.02 * noise(t, number + 5));
    if (t > 0) result.per_frame["ewarp"].push_back(1.6 + 0.3 * noise(number, t) + 1.2 * dip);
  }
  for (const auto& [key, values] : result.per_frame) result.scores[key] = mean_of(values);
  result.scores["dover"] = 0.6 + 0.1 * noise(number, quality);
  for (int k = 0; k <= size.frames / 2; ++k) {
    const double frequency = static_cast<double>(k) / size.frames;
    const double fall = k == 0 ? 0 : 0.9 / (1 + 30 * frequency);
    const double pulse = 0.5 * std::exp(-std::pow((frequency - 0.25) / 0.02, 2));
    result.luma_spectrum.push_back(fall * (1.1 + 0.3 * noise(k, number)) + pulse);
    result.luma_spectrum_reference.push_back(fall * (1 + 0.3 * noise(k, number + 3)));
  }
  return result;
}

inline std::vector<oasis::eval::MetricInfo> metrics() {
  return {
      {"psnr_y", "PSNR-Y", "dB", "Y of BT.601, 16 to 235; mean of the frames' dB", true, 2},
      {"ssim", "SSIM", "", "Y rounded, Gaussian window of 11x11, as pyiqa", true, 4},
      {"lpips_alex", "LPIPS", "", "AlexNet, version 0.1", false, 4},
      {"dover", "DOVER", "", "fused, 0 to 1", true, 4},
      {"clip_iqa", "CLIP-IQA", "", "RN50, five prompt pairs", true, 4},
      {"ewarp", "E*_warp", "", "1000 x squared error after warping; flow by RAFT", false, 3},
  };
}

inline void set_means(EvaluationResult& result) {
  for (const auto& metric : result.metrics) {
    std::vector<double> scores;
    for (const auto& each : result.clips) {
      if (each.error.empty() && each.scores.count(metric.key) != 0) {
        scores.push_back(each.scores.at(metric.key));
      }
    }
    if (!scores.empty()) result.means[metric.key] = mean_of(scores);
  }
}

/// A run of five clips, one of which failed.
inline EvaluationResult evaluation(const Folder& folder, const Size& size = {}, int quality = 3,
                                   const std::string& method = "oasis-tiny") {
  EvaluationResult result;
  result.method = method;
  result.protocol = "dove";
  result.protocol_text = {"crop: none", "colour of PSNR: RGB, all channels pooled",
                          "pairing: by file stem, top-left common size",
                          "aggregation: mean of frames, rounded to 4 decimals, mean of clips",
                          "Identical frames give 80 dB."};
  result.deviations = {"--align resize: the protocol crops"};
  result.versions = {
      {"oasis", "0.1.0"},
      {"torch", "2.11.0"},
      {"alex.pth", "sha256:df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0"}};
  result.metrics = metrics();
  result.missing = {{"lpips_vgg", "needs vgg.pth in --weights"},
                    {"dover_technical", "needs DOVER.pth in --weights"}};
  int number = 0;
  for (const char* name : {"coffee_pour", "football_juggle", "garden_walk", "street_camden"}) {
    result.clips.push_back(clip(name, ++number, quality, size));
    add_pictures(result.clips.back(), number, 11 - 2 * quality, size, folder);
  }
  result.clips[2].notes = {"cut to 33 frames (--align crop)"};
  ClipResult failed;
  failed.name = "sparks_welder";
  failed.output = "results/run-a/sparks_welder.mp4";
  failed.error = "sparks_welder.mp4: 31 frames, the reference has 33; give --align crop";
  result.clips.push_back(failed);
  set_means(result);
  result.published = {
      {"DOVE",
       "UDM10",
       {{"psnr_y", 26.48}, {"ssim", 0.7827}, {"lpips_alex", 0.2696}, {"dover", 0.7809}},
       {{"dover", "DOVER does not reproduce from the published scripts"}},
       "DOVE, table 1"},
      {"STAR",
       "UDM10",
       {{"psnr_y", 23.47}, {"ssim", 0.6804}, {"lpips_alex", 0.4242}, {"dover", 0.4830}},
       {{"dover", "DOVER does not reproduce from the published scripts"}},
       "DOVE, table 1"},
      {"DOVE",
       "SPMCS",
       {{"psnr_y", 23.11}, {"ssim", 0.621}, {"lpips_alex", 0.2888}, {"fvd", 12.5}},
       {},
       "DOVE, table 1"},
  };
  return result;
}

/// Three methods on the same clips; the third lacks one clip.
inline Comparison comparison(const Folder& folder, const Size& size = {}) {
  Comparison result;
  result.methods = {evaluation(folder, size, 2, "bicubic"),
                    evaluation(folder, size, 3, "oasis-tiny"),
                    evaluation(folder, size, 4, "oasis-1.3B")};
  result.methods[2].clips.erase(result.methods[2].clips.begin());
  result.notes = {"coffee_pour: oasis-1.3B has no result"};
  int number = 0;
  for (const auto& metric : metrics()) {
    for (const std::string method : {"oasis-tiny", "oasis-1.3B"}) {
      const double sign = metric.higher_is_better ? 1 : -1;
      const double unit = metric.key == "psnr_y" ? 1 : 0.03;
      const double mean =
          sign * unit * (method == "oasis-tiny" ? 0.3 : 1.2) * (1 + 0.4 * noise(++number, 1));
      result.differences.push_back({metric.key, method, mean, mean - 0.5 * unit, mean + 0.5 * unit,
                                    method == "oasis-tiny" ? 3 : 4, 4});
    }
  }
  return result;
}

}  // namespace page_demo
