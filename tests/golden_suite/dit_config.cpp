#include "dit_config.h"

namespace oasis::golden {

model::WanDitConfig official_config(const nlohmann::json& c) {
  model::WanDitConfig config;
  config.dim = c.at("dim");
  config.layers = c.at("num_layers");
  config.num_heads = c.at("num_heads");
  config.ffn_dim = c.at("ffn_dim");
  config.freq_dim = c.at("freq_dim");
  config.text_dim = c.at("text_dim");
  config.text_len = c.at("text_len");
  config.in_channels = c.at("in_dim");
  config.out_channels = c.at("out_dim");
  config.eps = c.at("eps");
  return config;
}

}  // namespace oasis::golden
