#include "oasis/eval/results_file.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "eval/write_file.h"
#include "oasis/core/error.h"

namespace oasis::eval {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "oasis-eval results 1";

Json number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

double number_from(const Json& from) {
  if (from.is_number()) return from.get<double>();
  const auto text = from.get<std::string>();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(number(value));
  return list;
}

std::vector<double> numbers_from(const Json& from) {
  std::vector<double> values;
  for (const auto& value : from) values.push_back(number_from(value));
  return values;
}

Json scores(const std::map<std::string, double>& values) {
  Json object = Json::object();
  for (const auto& [key, value] : values) object[key] = number(value);
  return object;
}

std::map<std::string, double> scores_from(const Json& from) {
  std::map<std::string, double> values;
  for (const auto& [key, value] : from.items()) values[key] = number_from(value);
  return values;
}

Json metric_json(const MetricInfo& metric) {
  return {{"key", metric.key},
          {"label", metric.label},
          {"unit", metric.unit},
          {"definition", metric.definition},
          {"higher_is_better", metric.higher_is_better},
          {"decimals", metric.decimals}};
}

Json clip_json(const ClipResult& clip) {
  Json json = {{"name", clip.name},
               {"output", clip.output.string()},
               {"reference", clip.reference.string()}};
  if (!clip.error.empty()) {
    json["error"] = clip.error;
    return json;
  }
  json["frames"] = clip.frames;
  json["width"] = clip.width;
  json["height"] = clip.height;
  json["fps"] = number(clip.fps);
  json["scores"] = scores(clip.scores);
  json["notes"] = clip.notes;
  Json curves = Json::object();
  for (const auto& [key, values] : clip.per_frame) curves[key] = numbers(values);
  json["per_frame"] = std::move(curves);
  json["luma_spectrum"] = numbers(clip.luma_spectrum);
  json["luma_spectrum_reference"] = numbers(clip.luma_spectrum_reference);
  return json;
}

ClipResult clip_from(const Json& from) {
  ClipResult clip;
  clip.name = from.at("name");
  clip.output = from.at("output").get<std::string>();
  clip.reference = from.at("reference").get<std::string>();
  clip.error = from.value("error", "");
  if (!clip.error.empty()) return clip;
  clip.frames = from.at("frames");
  clip.width = from.at("width");
  clip.height = from.at("height");
  clip.fps = number_from(from.at("fps"));
  clip.scores = scores_from(from.at("scores"));
  clip.notes = from.at("notes").get<std::vector<std::string>>();
  for (const auto& [key, values] : from.at("per_frame").items()) {
    clip.per_frame[key] = numbers_from(values);
  }
  clip.luma_spectrum = numbers_from(from.at("luma_spectrum"));
  clip.luma_spectrum_reference = numbers_from(from.at("luma_spectrum_reference"));
  return clip;
}

Json published_json(const PublishedRow& row) {
  return {{"method", row.method},
          {"set", row.set},
          {"values", scores(row.values)},
          {"warnings", row.warnings},
          {"source", row.source}};
}

EvaluationResult result_from(const Json& from) {
  EvaluationResult result;
  result.method = from.at("method");
  result.protocol = from.at("protocol");
  result.protocol_text = from.at("protocol_text").get<std::vector<std::string>>();
  result.deviations = from.at("deviations").get<std::vector<std::string>>();
  result.versions = from.at("versions").get<std::map<std::string, std::string>>();
  for (const auto& metric : from.at("metrics")) {
    result.metrics.push_back({metric.at("key"), metric.at("label"), metric.at("unit"),
                              metric.at("definition"), metric.at("higher_is_better"),
                              metric.at("decimals")});
  }
  for (const auto& metric : from.at("missing")) {
    result.missing.push_back({metric.at("key"), metric.at("reason")});
  }
  for (const auto& clip : from.at("clips")) result.clips.push_back(clip_from(clip));
  result.means = scores_from(from.at("means"));
  for (const auto& row : from.at("published")) {
    result.published.push_back({row.at("method"), row.at("set"), scores_from(row.at("values")),
                                row.at("warnings").get<std::map<std::string, std::string>>(),
                                row.at("source")});
  }
  return result;
}

std::string dump(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// A field of a CSV line (RFC 4180).
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted;
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return fmt::format("\"{}\"", quoted);
}

std::string score_field(const std::map<std::string, double>& scores, const std::string& key) {
  const auto found = scores.find(key);
  return found == scores.end() ? "" : fmt::format("{}", found->second);
}

}  // namespace

std::string to_json(const EvaluationResult& result) {
  Json json = {{"format", kFormat},
               {"method", result.method},
               {"protocol", result.protocol},
               {"protocol_text", result.protocol_text},
               {"deviations", result.deviations},
               {"versions", result.versions}};
  std::int64_t good = 0;
  Json metrics = Json::array();
  Json missing = Json::array();
  Json clips = Json::array();
  Json published = Json::array();
  for (const auto& metric : result.metrics) metrics.push_back(metric_json(metric));
  for (const auto& metric : result.missing) {
    missing.push_back({{"key", metric.key}, {"reason", metric.reason}});
  }
  for (const auto& clip : result.clips) {
    clips.push_back(clip_json(clip));
    good += clip.error.empty() ? 1 : 0;
  }
  for (const auto& row : result.published) published.push_back(published_json(row));
  json["metrics"] = std::move(metrics);
  json["missing"] = std::move(missing);
  json["count"] = good;
  json["means"] = scores(result.means);
  json["clips"] = std::move(clips);
  json["published"] = std::move(published);
  return dump(json);
}

EvaluationResult read_results(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) {
    throw Error(ExitCode::unreadable_input, fmt::format("{} cannot be opened", file.string()));
  }
  try {
    const Json json = Json::parse(stream);
    if (json.value("format", "") != kFormat) {
      throw Error(ExitCode::unreadable_input,
                  fmt::format("{} is not a results file of oasis-eval --json", file.string()));
    }
    return result_from(json);
  } catch (const Json::exception&) {
    throw Error(ExitCode::unreadable_input,
                fmt::format("{} is not a whole results file of oasis-eval --json; make it again",
                            file.string()));
  }
}

std::string to_csv(const EvaluationResult& result) {
  std::string text = "clip,frames,width,height";
  for (const auto& metric : result.metrics) text += fmt::format(",{}", field(metric.key));
  text += ",notes,error\n";
  for (const auto& clip : result.clips) {
    const bool good = clip.error.empty();
    text += good
                ? fmt::format("{},{},{},{}", field(clip.name), clip.frames, clip.width, clip.height)
                : fmt::format("{},,,", field(clip.name));
    for (const auto& metric : result.metrics)
      text += fmt::format(",{}", score_field(clip.scores, metric.key));
    text += fmt::format(",{},{}\n", field(fmt::format("{}", fmt::join(clip.notes, "; "))),
                        field(clip.error));
  }
  text += "mean,,,";
  for (const auto& metric : result.metrics)
    text += fmt::format(",{}", score_field(result.means, metric.key));
  text += ",,\n";
  return text;
}

std::string to_json(const Comparison& comparison) {
  Json methods = Json::array();
  for (const auto& method : comparison.methods) {
    methods.push_back({{"method", method.method},
                       {"protocol", method.protocol},
                       {"deviations", method.deviations},
                       {"means", scores(method.means)}});
  }
  Json differences = Json::array();
  for (const auto& difference : comparison.differences) {
    differences.push_back({{"metric", difference.metric},
                           {"method", difference.method},
                           {"mean_difference", number(difference.mean)},
                           {"low", number(difference.low)},
                           {"high", number(difference.high)},
                           {"wins", difference.wins},
                           {"clips", difference.clips}});
  }
  return dump({{"format", "oasis-eval comparison 1"},
               {"methods", std::move(methods)},
               {"differences", std::move(differences)},
               {"notes", comparison.notes}});
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  write_file(path, text);
}

}  // namespace oasis::eval
