#include "oasis/eval/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <system_error>

#include "oasis/config/config_node.h"
#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

using metrics::EwarpMode;
using metrics::ScoreChannels;
using metrics::ScoreVariant;

// Reads `key` through `parse`, and says where the value stands if it does not fit.
template <typename Parse>
auto word(const config::ConfigNode& node, const std::string& key, const Parse& parse) {
  const std::string text = node.text(key);
  try {
    return parse(text);
  } catch (const Error& error) {
    node.fail(key, error.what());
  }
}

std::int64_t at_least(const config::ConfigNode& node, const std::string& key, std::int64_t least) {
  const std::int64_t value = node.integer(key);
  if (value < least) node.fail(key, fmt::format("'{}' should be {} or more", key, least));
  return value;
}

void read_frames(const config::ConfigNode& node, Protocol& protocol) {
  protocol.align = word(node, "align", align_from);
  protocol.centred = node.boolean("centred");
  protocol.untagged_matrix = word(node, "untagged_matrix", [](const std::string& name) {
    if (name == "by_size") return UntaggedMatrix::by_size;
    if (name == "bt601") return UntaggedMatrix::bt601;
    throw Error(ExitCode::usage, fmt::format("\"{}\" is neither by_size nor bt601", name));
  });
  protocol.border = at_least(node, "border", 0);
  node.reject_unknown();
}

void read_pixel_scores(const config::ConfigNode& root, Protocol& protocol) {
  const auto psnr = root.child("psnr");
  protocol.psnr = word(psnr, "variant", metrics::score_variant_from);
  protocol.psnr_y = word(psnr, "y", metrics::score_channels_from);
  psnr.reject_unknown();
  const auto ssim = root.child("ssim");
  protocol.ssim = word(ssim, "variant", metrics::score_variant_from);
  protocol.ssim_y = word(ssim, "y", metrics::score_channels_from);
  ssim.reject_unknown();
}

void read_networks(const config::ConfigNode& root, Protocol& protocol) {
  const auto clipiqa = root.child("clipiqa");
  protocol.clipiqa_pairs = clipiqa.integer("pairs");
  if (protocol.clipiqa_pairs != 5 && protocol.clipiqa_pairs != 1) {
    clipiqa.fail("pairs", "'clipiqa.pairs' should be 5 or 1");
  }
  clipiqa.reject_unknown();
  const auto dover = root.child("dover");
  protocol.dover_antialias = dover.boolean("antialias");
  const std::string places = dover.text("places");
  if (places != "drawn" && places != "centre") {
    dover.fail("places", "'dover.places' should be drawn or centre");
  }
  protocol.dover_centre = places == "centre";
  protocol.dover_seed = at_least(dover, "seed", 0);
  protocol.dover_repeats = at_least(dover, "repeats", 1);
  dover.reject_unknown();
  const auto ewarp = root.child("ewarp");
  protocol.ewarp = word(ewarp, "mode", metrics::ewarp_mode_from);
  const std::string flow = ewarp.text("flow");
  if (flow != "raft" && flow != "dis") ewarp.fail("flow", "'ewarp.flow' should be raft or dis");
  protocol.ewarp_dis = flow == "dis";
  protocol.ewarp_iterations = at_least(ewarp, "iterations", 1);
  ewarp.reject_unknown();
}

Protocol read_protocol(const std::filesystem::path& file) {
  const auto root = config::ConfigNode::load(file);
  Protocol protocol;
  protocol.name = root.text("name");
  protocol.about = root.text("about");
  read_frames(root.child("frames"), protocol);
  read_pixel_scores(root, protocol);
  read_networks(root, protocol);
  const auto pulse = root.child("luma_pulse");
  protocol.pulse.static_threshold = pulse.number("static_threshold");
  protocol.pulse.periods = pulse.numbers("periods");
  for (const double period : protocol.pulse.periods) {
    if (!(period >= 2)) pulse.fail("periods", "a period should be 2 frames or more");
  }
  pulse.reject_unknown();
  const auto scores = root.child("scores");
  protocol.decimals = static_cast<int>(scores.integer("decimals"));
  if (protocol.decimals < -1 || protocol.decimals > 12) {
    scores.fail("decimals", "'scores.decimals' should be from 0 to 12, or -1 for no rounding");
  }
  scores.reject_unknown();
  root.reject_unknown();
  return protocol;
}

const char* name_of(ScoreVariant variant) {
  return variant == ScoreVariant::pyiqa ? "IQA-PyTorch" : "BasicSR";
}

const char* name_of(ScoreChannels channels) {
  switch (channels) {
    case ScoreChannels::rgb:
      return "RGB";
    case ScoreChannels::y_yiq:
      return "Y = 0.299 R + 0.587 G + 0.114 B";
    case ScoreChannels::y_bt601:
      return "Y of BT.601, 16 to 235";
    case ScoreChannels::dove_y:
      return "Y = 0.257 R + 0.504 G + 0.098 B + 0.0625";
  }
  return "";
}

const char* name_of(Align align) {
  switch (align) {
    case Align::refuse:
      return "refused where they differ";
    case Align::crop:
      return "cut to what both have";
    case Align::resize:
      return "the output is resized to the reference";
  }
  return "";
}

const char* name_of(EwarpMode mode) {
  switch (mode) {
    case EwarpMode::evalcrafter:
      return "evalcrafter";
    case EwarpMode::lai:
      return "lai";
    case EwarpMode::clean:
      return "clean";
  }
  return "";
}

}  // namespace

Align align_from(const std::string& name) {
  if (name == "refuse") return Align::refuse;
  if (name == "crop") return Align::crop;
  if (name == "resize") return Align::resize;
  throw Error(ExitCode::usage, fmt::format("\"{}\" is not refuse, crop or resize", name));
}

std::filesystem::path configs_folder(const std::string& part) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  for (const char* place : {"../../configs", "../share/oasis/configs"}) {
    const auto folder = (program.parent_path() / place / part).lexically_normal();
    if (std::filesystem::is_directory(folder, error)) return folder;
  }
  throw Error(fmt::format("configs/{} is not where it was installed, beside the programs", part));
}

Protocol load_protocol(const std::string& name_or_file) {
  std::error_code error;
  if (std::filesystem::is_regular_file(name_or_file, error)) return read_protocol(name_or_file);
  const auto folder = configs_folder("protocols");
  const auto file = folder / (name_or_file + ".yaml");
  if (name_or_file.find('/') == std::string::npos && std::filesystem::exists(file, error)) {
    return read_protocol(file);
  }
  std::vector<std::string> known;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") known.push_back(entry.path().stem().string());
  }
  std::sort(known.begin(), known.end());
  throw Error(ExitCode::usage, fmt::format("--protocol {}: there is no such file, and the shipped "
                                           "protocols are {}",
                                           name_or_file, fmt::join(known, ", ")));
}

std::vector<std::pair<std::string, std::string>> protocol_lines(const Protocol& p) {
  const bool pyiqa = p.psnr == ScoreVariant::pyiqa;
  const std::string rounding =
      p.decimals < 0 ? "not rounded" : fmt::format("rounded to {} decimals", p.decimals);
  return {
      {"pairs", "by name without extension; frames one to one from the first"},
      {"sizes and lengths",
       fmt::format("{}{}", name_of(p.align),
                   p.align == Align::crop ? (p.centred ? ", the middle" : ", the top left") : "")},
      {"frames", "RGB; 8-bit sources rounded to 8 bits, deeper ones as float"},
      {"files without a colour matrix", p.untagged_matrix == UntaggedMatrix::bt601
                                            ? "BT.601, as OpenCV takes them"
                                            : "BT.709 from 720 lines, else BT.601"},
      {"border", fmt::format("{} pixels cut for metrics with a reference", p.border)},
      {"PSNR", fmt::format("{}: {}", name_of(p.psnr),
                           pyiqa ? "1e-8 added to the error, equal frames have 80 dB"
                                 : "equal frames have infinitely many dB")},
      {"PSNR-Y", name_of(p.psnr_y)},
      {"SSIM",
       fmt::format("{}: {}", name_of(p.ssim),
                   p.ssim == ScoreVariant::pyiqa ? "code values rounded, contrast term not below 0"
                                                 : "nothing rounded or clamped")},
      {"SSIM-Y", name_of(p.ssim_y)},
      {"LPIPS", "v0.1, pictures in [-1, 1]"},
      {"CLIP-IQA", p.clipiqa_pairs == 1 ? "RN50, \"Good photo.\" against \"Bad photo.\""
                                        : "RN50, five pairs of prompts (IQA-PyTorch)"},
      {"DOVER",
       fmt::format("antialiasing {}, {}, frame rate not used", p.dover_antialias ? "on" : "off",
                   p.dover_centre ? "patches and frames in the middle"
                                  : fmt::format("{} draw{} from seed {}", p.dover_repeats,
                                                p.dover_repeats == 1 ? "" : "s", p.dover_seed))},
      {"E_warp",
       fmt::format("{}, flow by {}, printed times 1000", name_of(p.ewarp),
                   p.ewarp_dis ? "DIS" : fmt::format("RAFT of {} iterations", p.ewarp_iterations))},
      {"luma pulse", fmt::format("periods of {} frames; static: deviation up to {} of 255",
                                 fmt::join(p.pulse.periods, ", "), p.pulse.static_threshold)},
      {"clip score", "mean over frames, " + rounding},
      {"set score", "mean over clips, " + rounding},
  };
}

std::vector<std::string> deviations(const Protocol& published, const Protocol& used) {
  const auto before = protocol_lines(published);
  const auto after = protocol_lines(used);
  std::vector<std::string> result;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (after[i] == before[i]) continue;
    result.push_back(
        fmt::format("{}: {} (protocol: {})", after[i].first, after[i].second, before[i].second));
  }
  return result;
}

double round_score(double value, int decimals) {
  if (!std::isfinite(value) || decimals < 0) return value;
  return std::stod(fmt::format("{:.{}f}", value, decimals));
}

double mean_score(const std::vector<double>& values, int decimals) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return round_score(sum / static_cast<double>(values.size()), decimals);
}

}  // namespace oasis::eval
