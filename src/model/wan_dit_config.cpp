#include "oasis/model/wan_dit_config.h"

#include <fmt/format.h>

#include <string>

#include "oasis/core/error.h"

namespace oasis::model {
namespace {

constexpr std::int64_t kPatch = 4;  // values of one channel in a patch
constexpr std::int64_t kTensorsPerBlock = 27;
constexpr std::int64_t kTensorsOutside = 15;

std::int64_t linear(std::int64_t in, std::int64_t out) { return in * out + out; }

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ExitCode::usage, fmt::format("the transformer's configuration is wrong: {}", reason));
}

}  // namespace

WanDitConfig wan_1_3b() { return {}; }

void validate(const WanDitConfig& c) {
  for (const auto size : {c.dim, c.layers, c.num_heads, c.ffn_dim, c.freq_dim, c.text_dim,
                          c.text_len, c.in_channels, c.out_channels}) {
    if (size < 1) refuse(fmt::format("every size must be positive, one is {}", size));
  }
  if (c.dim % c.num_heads != 0 || c.head_dim() % 2 != 0) {
    refuse(
        fmt::format("a width of {} cannot be cut into {} heads of even size", c.dim, c.num_heads));
  }
  if (c.freq_dim % 2 != 0) refuse(fmt::format("freq_dim {} is odd", c.freq_dim));
  if (!(c.eps > 0)) refuse(fmt::format("eps {} is not positive", c.eps));
}

std::int64_t parameter_count(const WanDitConfig& c) {
  const auto attention = 4 * linear(c.dim, c.dim) + 2 * c.dim;
  const auto feed_forward = linear(c.dim, c.ffn_dim) + linear(c.ffn_dim, c.dim);
  const auto block = 2 * attention + feed_forward + 2 * c.dim + 6 * c.dim;
  const auto outside = linear(kPatch * c.in_channels, c.dim) + linear(c.text_dim, c.dim) +
                       linear(c.dim, c.dim) + linear(c.freq_dim, c.dim) + linear(c.dim, c.dim) +
                       linear(c.dim, 6 * c.dim) + linear(c.dim, kPatch * c.out_channels) +
                       2 * c.dim;
  return c.layers * block + outside;
}

std::int64_t tensor_count(const WanDitConfig& c) {
  return c.layers * kTensorsPerBlock + kTensorsOutside;
}

}  // namespace oasis::model
