#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <cmath>

#include "oasis/checkpoint/safetensors.h"
#include "oasis/core/device.h"
#include "oasis/core/error.h"
#include "oasis/model/oasis_model.h"
#include "oasis/model/wan_dit.h"

namespace oasis::model {
namespace {

using Named = std::vector<std::pair<std::string, at::Tensor>>;

/// gamma 1, bias 0, weights uniform with variance 1 / fan_in; the layers in `zero` are zero.
checkpoint::StateDict initialised(const Named& parameters, std::uint64_t seed,
                                  const std::string& zero) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  checkpoint::StateDict out;
  for (const auto& [name, parameter] : parameters) {
    if (name.ends_with("gamma")) {
      parameter.fill_(1);
    } else if (name.ends_with("bias") || (!zero.empty() && name.starts_with(zero))) {
      parameter.zero_();
    } else {
      const double fan_in = static_cast<double>(parameter.numel() / parameter.size(0));
      const double bound = std::sqrt(3.0 / fan_in);
      parameter.uniform_(-bound, bound, generator);
      // The last layer of a memory block: nearly identities at first, as many blocks behind one
      // another without normalisation need (Wang et al. 2018, "ESRGAN", section 3.1).
      if (name.ends_with(".conv.4.weight")) parameter.mul_(0.1);
    }
    out.emplace(name, parameter);
  }
  return out;
}

/// All three kinds in turn, so that a new model exercises each of them.
nn::HeadMap kind_pattern(const WanDitConfig& dit) {
  constexpr std::array kinds = {nn::HeadKind::global, nn::HeadKind::window, nn::HeadKind::intra};
  nn::HeadMap map = nn::all_global(dit.layers, dit.num_heads);
  for (std::size_t layer = 0; layer < map.layers.size(); ++layer) {
    for (std::size_t head = 0; head < map.layers[layer].size(); ++head) {
      map.layers[layer][head] = kinds[(layer + head) % kinds.size()];
    }
  }
  map.score = "pattern";
  map.note = "a pattern of all three kinds; not found by routing";
  return map;
}

checkpoint::StateDict state_of(const torch::nn::Module& module) {
  checkpoint::StateDict out;
  for (const auto& item : module.named_parameters()) out.emplace(item.key(), item.value().detach());
  return out;
}

}  // namespace

ModelDescription nano_description() {
  ModelDescription about;
  about.name = "oasis-nano";
  about.licence = "Apache-2.0";
  about.provenance = "initial weights; not trained";
  about.precision = "fp32";
  about.dit = {.dim = 64,
               .layers = 2,
               .num_heads = 2,
               .ffn_dim = 256,
               .freq_dim = 64,
               .text_dim = 8,
               .text_len = 8,
               .in_channels = 16,
               .out_channels = 16,
               .eps = 1e-6};
  about.decoder = DecoderKind::light_conditional;
  about.taehv.widths = {48, 32, 16, 8};
  about.taehv.condition_channels = 12;
  about.taehv.negative_slope = 0.1;
  about.taehv.named_head = true;
  about.prompt = "zeros";
  about.head_map = kind_pattern(about.dit);
  return about;
}

ModelDescription tiny_description() {
  ModelDescription about = nano_description();
  about.name = "oasis-tiny";
  about.dit.dim = 128;
  about.dit.layers = 3;
  about.dit.num_heads = 4;
  about.dit.ffn_dim = 512;
  about.taehv.widths = {64, 64, 48, 48};
  about.taehv.blocks = {1, 1, 0, 6};
  about.taehv.space_upscale = {true, false, false};
  about.taehv.head_upscale = 4;
  about.taehv.condition_frames = true;
  about.taehv.condition_neighbours = 2;
  about.taehv.align = true;
  about.head_map.reset();
  return about;
}

ModelDescription wan_1_3b_description() {
  ModelDescription about;
  about.name = "oasis-wan-1.3b";
  about.licence = "Apache-2.0";
  about.provenance = "initial weights; not trained";
  about.dit = wan_1_3b();
  about.vae = WanVaeConfig::wan21();
  about.prompt = "zeros";
  return about;
}

const std::vector<std::string>& model_sizes() {
  static const std::vector<std::string> names = {"nano", "tiny", "wan-1.3b"};
  return names;
}

ModelDescription description_of_size(const std::string& size) {
  if (size == "nano") return nano_description();
  if (size == "tiny") return tiny_description();
  if (size == "wan-1.3b") return wan_1_3b_description();
  throw Error(ExitCode::usage,
              fmt::format("there is no size '{}': use {}", size, fmt::join(model_sizes(), ", ")));
}

void initialise_model_folder(const std::filesystem::path& folder, ModelDescription about,
                             std::uint64_t seed, HeadStart heads) {
  const torch::NoGradGuard no_grad;
  std::filesystem::create_directories(folder);
  about.trained = false;
  const auto options =
      at::TensorOptions().dtype(parse_precision(about.precision, c10::Device(c10::kCPU)));
  {
    Projector projector(about.projector, about.vae.z_dim, at::TensorOptions().dtype(at::kFloat));
    projector.reset_parameters(seed);
    checkpoint::write_safetensors(folder / "projector.safetensors", state_of(projector));
  }
  {
    WanDit dit(about.dit, options);
    dit.reset_parameters(seed + 1);
    if (heads == HeadStart::local) give_heads_places(dit);
    checkpoint::write_safetensors(folder / "dit.safetensors", state_of(dit));
  }
  initialise_decoder(folder, about, seed + 2);
  if (about.decoder == DecoderKind::wan_vae) {
    const WanVaeEncoder encoder(about.vae, options);
    checkpoint::write_safetensors(folder / "vae_encoder.safetensors",
                                  initialised(encoder.parameters(), seed + 3, ""));
  }
  write_model_description(folder, about);
}

void initialise_decoder(const std::filesystem::path& folder, const ModelDescription& about,
                        std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  const auto options =
      at::TensorOptions().dtype(parse_precision(about.precision, c10::Device(c10::kCPU)));
  const auto path = folder / "decoder.safetensors";
  if (about.decoder == DecoderKind::wan_vae) {
    const WanVaeDecoder decoder(about.vae, options);
    checkpoint::write_safetensors(path, initialised(decoder.parameters(), seed, ""));
    return;
  }
  if (about.decoder == DecoderKind::frame_cnn) {
    const FrameCnn network(about.frame_cnn, options);
    checkpoint::write_safetensors(path, initialised(network.parameters(), seed, "head."));
    return;
  }
  const TaehvDecoder decoder(about.taehv, options);
  const std::string zero = about.decoder == DecoderKind::light_conditional ? "head." : "";
  checkpoint::write_safetensors(path, initialised(decoder.parameters(), seed, zero));
}

}  // namespace oasis::model
