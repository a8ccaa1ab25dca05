#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "convert_commands.h"
#include "convert_staged_folder.h"
#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/core/log.h"
#include "oasis/model/dit_keys.h"
#include "oasis/model/dit_lora.h"
#include "oasis/model/model_folder.h"

namespace oasis::tools {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
  std::string to = "diffusers";
  std::string weights = "auto";  ///< raw, ema, or auto: ema where there is one
  std::string precision;         ///< empty: as stored
  bool lora = false;             ///< only the low-rank adapter
  fs::path model;
  fs::path out;
};

constexpr const char* file_name = "diffusion_pytorch_model.safetensors";
constexpr const char* lora_file_name = "pytorch_lora_weights.safetensors";

/// The transformer's file.
fs::path transformer_file(const ExportOptions& options) {
  if (options.weights == "raw") return model::raw_weights_file(options.model, "dit");
  if (options.weights == "ema") return model::averaged_weights_file(options.model, "dit");
  return model::weights_file(options.model, "dit");
}

/// The adapter of those weights, where training has left one.
fs::path adapter_file(const ExportOptions& options) {
  const bool averaged =
      transformer_file(options) == model::averaged_weights_file(options.model, "dit");
  return options.model / (averaged ? "dit_lora_ema.safetensors" : "dit_lora.safetensors");
}

/// config.json as diffusers' WanTransformer3DModel writes it.
nlohmann::ordered_json diffusers_config(const model::WanDitConfig& dit) {
  return {{"_class_name", "WanTransformer3DModel"},
          {"added_kv_proj_dim", nullptr},
          {"attention_head_dim", dit.head_dim()},
          {"cross_attn_norm", true},
          {"eps", dit.eps},
          {"ffn_dim", dit.ffn_dim},
          {"freq_dim", dit.freq_dim},
          {"image_dim", nullptr},
          {"in_channels", dit.in_channels},
          {"num_attention_heads", dit.num_heads},
          {"num_layers", dit.layers},
          {"out_channels", dit.out_channels},
          {"patch_size", {1, 2, 2}},
          {"pos_embed_seq_len", nullptr},
          {"qk_norm", "rms_norm_across_heads"},
          {"rope_max_seq_len", 1024},
          {"text_dim", dit.text_dim}};
}

/// config.json as the official WanModel writes it.
nlohmann::ordered_json official_config(const model::WanDitConfig& dit) {
  return {{"_class_name", "WanModel"},
          {"dim", dit.dim},
          {"eps", dit.eps},
          {"ffn_dim", dit.ffn_dim},
          {"freq_dim", dit.freq_dim},
          {"in_dim", dit.in_channels},
          {"model_type", "t2v"},
          {"num_heads", dit.num_heads},
          {"num_layers", dit.layers},
          {"out_dim", dit.out_channels},
          {"text_len", dit.text_len}};
}

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw Error(fmt::format("{}: cannot be written", path.string()));
}

checkpoint::WriteOptions writing_of(const ExportOptions& options) {
  checkpoint::WriteOptions writing;
  writing.pages = checkpoint::SourcePages::release;
  if (!options.precision.empty()) {
    writing.dtype = parse_precision(options.precision, c10::Device(c10::kCPU));
  }
  return writing;
}

void require_absent(const fs::path& file) {
  if (!fs::exists(file)) return;
  throw Error(ExitCode::usage,
              fmt::format("{}: is there already; choose another file", file.string()));
}

void write_adapter(const ExportOptions& options, const fs::path& path) {
  const fs::path source = adapter_file(options);
  const auto naming =
      options.to == "diffusers" ? model::DitNaming::diffusers : model::DitNaming::official;
  const auto tensors = model::published_lora(model::read_lora(source), naming);
  checkpoint::write_safetensors(path, tensors, {{"format", "pt"}}, writing_of(options));
  log::info("{} of {} layers, its scale multiplied into B", source.string(), tensors.size() / 2);
}

/// `--lora`: nothing but the adapter.
void export_adapter(const ExportOptions& options) {
  if (!fs::exists(adapter_file(options))) {
    throw Error(ExitCode::usage, fmt::format("{}: is not there; the model was not trained with "
                                             "lora, or choose other --weights",
                                             adapter_file(options).string()));
  }
  if (options.out.extension() == ".safetensors") {
    require_absent(options.out);
    write_adapter(options, options.out);
    return;
  }
  StagedFolder folder(options.out);
  write_adapter(options, folder.path() / lora_file_name);
  folder.finish();
}

void run_export(const ExportOptions& options) {
  if (options.lora) {
    export_adapter(options);
    return;
  }
  const model::ModelDescription about = model::read_model_description(options.model);
  const fs::path source = transformer_file(options);
  checkpoint::StateDict tensors = checkpoint::load_safetensors(source);
  checkpoint::require_fit(model::dit_targets(about.dit), tensors, source.string());
  const bool diffusers = options.to == "diffusers";
  if (diffusers) tensors = model::to_diffusers_dit(tensors);
  const checkpoint::WriteOptions writing = writing_of(options);
  const checkpoint::SafetensorsMetadata metadata = {{"format", "pt"}};
  if (options.out.extension() == ".safetensors") {
    require_absent(options.out);
    checkpoint::write_safetensors(options.out, tensors, metadata, writing);
  } else {
    StagedFolder folder(options.out);
    checkpoint::write_safetensors(folder.path() / file_name, tensors, metadata, writing);
    const auto config = diffusers ? diffusers_config(about.dit) : official_config(about.dit);
    write_text(folder.path() / "config.json", config.dump(2) + "\n");
    if (fs::exists(adapter_file(options))) {
      fs::create_directories(folder.path() / "lora");
      write_adapter(options, folder.path() / "lora" / lora_file_name);
    }
    folder.finish();
  }
  log::info("{}: {} tensors of {} under {} names", options.out.string(), tensors.size(),
            source.string(), options.to);
}

}  // namespace

void add_export_command(CLI::App& app) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* command =
      app.add_subcommand("export", "the transformer of a model folder for other programs");
  command->add_option("--to", options->to, "whose tensor names: diffusers or official")
      ->check(CLI::IsMember({"diffusers", "official"}))
      ->capture_default_str();
  command->add_option("--model", options->model, "the model folder")->required();
  command
      ->add_option("--out", options->out,
                   "a file (name.safetensors), or a folder to make, with a config.json")
      ->required();
  command->add_option("--weights", options->weights, "raw, ema, or auto: ema where there is one")
      ->check(CLI::IsMember({"auto", "raw", "ema"}))
      ->capture_default_str();
  command
      ->add_option("--precision", options->precision, "of the written weights (default: as stored)")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}));
  command->add_flag("--lora", options->lora,
                    "only the low-rank adapter that training has left, for diffusers' "
                    "load_lora_weights on the model that training began with (without it a folder "
                    "gets the merged weights, and the adapter in lora/)");
  command->callback([options] { run_export(*options); });
}

}  // namespace oasis::tools
