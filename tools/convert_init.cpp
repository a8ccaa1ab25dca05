#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "convert_commands.h"
#include "convert_staged_folder.h"
#include "oasis/core/log.h"
#include "oasis/model/oasis_model.h"

namespace oasis::tools {
namespace {

struct InitOptions {
  std::string size = "nano";
  std::string precision = "fp32";  ///< of the stored weights
  std::uint64_t seed = 0;          ///< of the initial weights
  std::filesystem::path like;      ///< a folder whose model.yaml gives the shapes; empty: by size
  bool local_heads = false;        ///< heads begin by looking near
  bool vae = false;                ///< `nano` with a small Wan VAE in place of its light decoder
  std::filesystem::path out;
};

/// A model folder describes its encoder together with the decoder, so both are of the VAE.
void use_small_vae(model::ModelDescription& about) {
  about.decoder = model::DecoderKind::wan_vae;
  about.taehv = {};
  about.vae.dim = 8;
  about.vae.num_res_blocks = 1;
}

model::ModelDescription described(const InitOptions& options) {
  if (options.like.empty()) {
    return model::description_of_size(options.size);
  }
  auto about = model::read_model_description(options.like);
  about.provenance = "initial weights; not trained";
  about.files.clear();
  return about;
}

void run_init(const InitOptions& options) {
  StagedFolder folder(options.out);
  auto about = described(options);
  about.precision = options.precision;
  if (options.vae && options.like.empty() && options.size == "nano") use_small_vae(about);
  model::initialise_model_folder(
      folder.path(), about, options.seed,
      options.local_heads ? model::HeadStart::local : model::HeadStart::plain);
  folder.finish();
  log::info("{}: {} with initial weights (not trained), {} parameters in the DiT",
            options.out.string(), about.name, model::parameter_count(about.dit));
  if (about.head_map) log::info("head map: {}", about.head_map->note);
}

}  // namespace

void add_init_command(CLI::App& app) {
  const auto options = std::make_shared<InitOptions>();
  CLI::App* command = app.add_subcommand("init", "a model without weights, to be trained");
  command
      ->add_option("--size", options->size,
                   "nano (the smallest, for tests and first tries), tiny (the shipped model's) "
                   "or wan-1.3b")
      ->check(CLI::IsMember(model::model_sizes()))
      ->capture_default_str();
  command->add_option("--like", options->like,
                      "a folder whose model.yaml and head_map.yaml give the shapes, in place of "
                      "--size; its weights are not read");
  command->add_option("--precision", options->precision, "of the stored weights")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
      ->capture_default_str();
  command->add_flag("--vae", options->vae,
                    "nano with a small Wan VAE, decoder and encoder, in place of its light decoder "
                    "(wan-1.3b always has one)");
  command->add_flag("--local-heads", options->local_heads,
                    "three of every four attention heads begin by looking near in time, in space "
                    "and in both, for models trained from scratch in hours");
  command->add_option("--seed", options->seed, "of the initial weights")->capture_default_str();
  command->add_option("OUT", options->out, "the model folder to make")->required();
  command->callback([options] { run_init(*options); });
}

}  // namespace oasis::tools
