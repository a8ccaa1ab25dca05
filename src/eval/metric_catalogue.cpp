#include "oasis/eval/metric_catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "oasis/config/config_node.h"
#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

using metrics::EwarpMode;
using metrics::ScoreChannels;
using metrics::ScoreVariant;

const std::vector<std::string>& usual_metrics() {
  static const std::vector<std::string> usual = {"psnr_rgb", "psnr_y",     "ssim_rgb",    "ssim_y",
                                                 "lpips",    "lpips_vgg",  "clipiqa",     "dover",
                                                 "ewarp",    "luma_pulse", "colour_drift"};
  return usual;
}

std::string source_of(ScoreVariant variant) {
  return variant == ScoreVariant::pyiqa ? "IQA-PyTorch" : "BasicSR";
}

std::string luma_of(ScoreChannels channels) {
  switch (channels) {
    case ScoreChannels::y_bt601:
      return "Y of BT.601 (16 to 235)";
    case ScoreChannels::dove_y:
      return "Y = 0.257 R + 0.504 G + 0.098 B + 0.0625";
    case ScoreChannels::rgb:
      return "R, G and B";
    case ScoreChannels::y_yiq:
      return "Y = 0.299 R + 0.587 G + 0.114 B";
  }
  return "";
}

MetricInfo psnr_column(const std::string& key, const Protocol& protocol) {
  const bool luma = key != "psnr_rgb";
  const bool centred = key == "psnr_y_centred";
  const char* const label = centred ? "PSNR-Y centred" : luma ? "PSNR-Y" : "PSNR";
  const bool capped = protocol.psnr == ScoreVariant::pyiqa;
  return {
      key,
      label,
      "dB",
      fmt::format("{}, {}mean over frames of the frames' dB, {} ({})",
                  luma ? luma_of(protocol.psnr_y) : "R, G and B pooled",
                  centred ? "each frame's mean difference taken off, " : "",
                  capped ? "at most 80" : "infinite for equal frames", source_of(protocol.psnr)),
      true,
      2};
}

MetricInfo ssim_column(const std::string& key, const Protocol& protocol) {
  const bool luma = key == "ssim_y";
  return {key,
          luma ? "SSIM-Y" : "SSIM",
          "",
          fmt::format("{}, window 11x11 of sigma 1.5, range 255, {} ({})",
                      luma ? luma_of(protocol.ssim_y) : "mean of R, G and B",
                      protocol.ssim == ScoreVariant::pyiqa ? "code values rounded" : "not rounded",
                      source_of(protocol.ssim)),
          true,
          4};
}

std::vector<MetricInfo> dover_columns() {
  const auto score = [](const char* key, const char* label, const char* what) {
    return MetricInfo{key,
                      label,
                      "",
                      fmt::format("{}, 0 to 1 (official README and VSR tables); times 100 as "
                                  "DOVER's set script and SeedVR2 print it",
                                  what),
                      true,
                      4};
  };
  const auto raw = [](const char* key, const char* label) {
    return MetricInfo{key,  label, "", "the branch's raw output, unbounded, before the fusion",
                      true, 4};
  };
  return {score("dover", "DOVER", "technical and aesthetic fused (0.6104 and 0.3896)"),
          score("dover_technical", "DOVER technical", "the technical branch alone"),
          score("dover_aesthetic", "DOVER aesthetic", "the aesthetic branch alone"),
          raw("dover_raw_technical", "DOVER raw T"), raw("dover_raw_aesthetic", "DOVER raw A")};
}

MetricInfo ewarp_column(const std::string& metric, const Protocol& protocol) {
  const EwarpMode mode = ewarp_mode_of(metric, protocol);
  const char* name = mode == EwarpMode::evalcrafter ? "evalcrafter"
                     : mode == EwarpMode::lai       ? "lai"
                                                    : "clean";
  const std::string flow =
      protocol.ewarp_dis ? "DIS" : fmt::format("RAFT, {} iterations", protocol.ewarp_iterations);
  return {protocol.ewarp_dis ? metric + "_dis" : metric,
          fmt::format("E*warp {}{}", name, protocol.ewarp_dis ? " (DIS)" : ""),
          "",
          fmt::format("1000 x E_warp, mode {}, flow of the {} by {}{}", name,
                      mode == EwarpMode::lai ? "reference" : "output", flow,
                      protocol.ewarp_dis ? "; not comparable with published values" : ""),
          false,
          3};
}

std::vector<MetricInfo> pulse_columns(const Protocol& protocol) {
  std::vector<MetricInfo> columns = {
      {"luma_pulse", "Luma pulse", "/255",
       "standard deviation of the static pixels' mean luma about its straight line, code values",
       false, 3}};
  for (const double period : protocol.pulse.periods) {
    columns.push_back({pulse_key(period), fmt::format("Pulse of {} frames", period), "/255",
                       fmt::format("amplitude of the same at a period of {} frames", period), false,
                       3});
  }
  return columns;
}

std::vector<MetricInfo> colour_shift_columns() {
  const auto column = [](const char* key, const char* label, const char* what) {
    const auto definition =
        fmt::format("CIE 1976 difference of 16x16 blocks' mean colours, {}", what);
    return MetricInfo{key, label, "", definition, false, 3};
  };
  return {column("delta_e_16", "Delta E /16", "mean over blocks and frames"),
          column("delta_e_16_max", "Delta E /16, worst frame", "the largest mean of a frame"),
          column("delta_e_16_block", "Delta E /16, worst block", "the largest of all blocks")};
}

}  // namespace

const std::vector<std::string>& known_metrics() {
  static const std::vector<std::string> known = {
      "psnr_rgb",    "psnr_y",     "psnr_y_centred",    "ssim_rgb",
      "ssim_y",      "lpips",      "lpips_vgg",         "clipiqa",
      "dover",       "ewarp",      "ewarp_evalcrafter", "ewarp_lai",
      "ewarp_clean", "luma_pulse", "colour_drift",      "delta_e_16"};
  return known;
}

std::vector<std::string> select_metrics(const std::string& list) {
  if (list.empty()) return usual_metrics();
  if (list == "all") return known_metrics();
  const auto& known = known_metrics();
  std::set<std::string> wanted;
  std::istringstream words(list);
  for (std::string word; std::getline(words, word, ',');) {
    if (word == "psnr") word = "psnr_rgb";
    if (word == "ssim") word = "ssim_y";
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      const std::string near = config::nearest_name(word, known);
      throw Error(
          ExitCode::usage,
          fmt::format("--metrics: there is no \"{}\"{}; there are {}", word,
                      near.empty() ? "" : "; did you mean " + near + "?", fmt::join(known, ", ")));
    }
    wanted.insert(word);
  }
  if (wanted.empty()) throw Error(ExitCode::usage, "--metrics: the list is empty");
  std::vector<std::string> selected;
  for (const auto& metric : known) {
    if (wanted.contains(metric)) selected.push_back(metric);
  }
  return selected;
}

bool needs_reference(const std::string& metric, const Protocol& protocol) {
  if (metric.rfind("ewarp", 0) == 0) {
    return ewarp_mode_of(metric, protocol) == EwarpMode::lai;
  }
  return metric.rfind("psnr", 0) == 0 || metric.rfind("ssim", 0) == 0 ||
         metric.rfind("lpips", 0) == 0 || metric == "delta_e_16";
}

metrics::EwarpMode ewarp_mode_of(const std::string& metric, const Protocol& protocol) {
  return metric == "ewarp" ? protocol.ewarp
                           : metrics::ewarp_mode_from(metric.substr(std::string("ewarp_").size()));
}

std::vector<MetricInfo> columns_of(const std::string& metric, const Protocol& protocol) {
  if (metric.rfind("psnr", 0) == 0) return {psnr_column(metric, protocol)};
  if (metric.rfind("ssim", 0) == 0) return {ssim_column(metric, protocol)};
  if (metric == "lpips") {
    return {{metric, "LPIPS", "", "v0.1, AlexNet, RGB in [-1, 1]", false, 4}};
  }
  if (metric == "lpips_vgg") {
    return {{metric, "LPIPS (VGG)", "", "v0.1, VGG-16, RGB in [-1, 1]", false, 4}};
  }
  if (metric == "clipiqa") {
    return {{metric, "CLIP-IQA", "",
             protocol.clipiqa_pairs == 5 ? "RN50, five pairs of prompts (IQA-PyTorch), 0 to 1"
                                         : "RN50, one pair of prompts (the original), 0 to 1",
             true, 4}};
  }
  if (metric == "dover") return dover_columns();
  if (metric.rfind("ewarp", 0) == 0) return {ewarp_column(metric, protocol)};
  if (metric == "luma_pulse") return pulse_columns(protocol);
  if (metric == "delta_e_16") return colour_shift_columns();
  return {{"colour_drift", "Colour drift", "/255",
           "change of the mean colour over the whole clip by its straight line, against the "
           "reference's where there is one; code values",
           false, 3}};
}

std::string pulse_key(double period) { return fmt::format("luma_pulse_p{}", period); }

}  // namespace oasis::eval
