#include <torch/types.h>

#include <cmath>

#include "model/vae_layers.h"
#include "oasis/nn/recompute.h"

namespace oasis::model {

bool fused_cpu_path(const at::Tensor& x) {
  const bool first_of_two_runs = nn::is_training() && !at::GradMode::is_enabled();
  const bool recorded = at::GradMode::is_enabled() && x.requires_grad();
  return x.device().is_cpu() &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
         !first_of_two_runs && !recorded;
}

at::Tensor rms_norm_channels(const at::Tensor& x, const at::Tensor& gamma) {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor norm = wide.norm(2, {1}, true).clamp_min(1e-12);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  const at::Tensor scale =
      gamma.to(at::kFloat).view(shape) * std::sqrt(static_cast<double>(x.size(1)));
  return (wide / norm * scale).to(x.scalar_type());
}

NormSilu::NormSilu(nn::ParameterStore& store, const std::string& name, std::int64_t channels)
    : gamma_(store.add(name, {channels, 1, 1, 1})) {}

at::Tensor NormSilu::forward(const at::Tensor& x) const {
  if (!fused_cpu_path(x)) {
    // Cheap to compute and six times the size of its input to keep: computed again.
    return nn::recompute(
        [this](const std::vector<at::Tensor>& in) {
          return at::silu(rms_norm_channels(in[0], gamma_));
        },
        {x}, {gamma_});
  }
  return forward_behind({}, 0, x);
}

at::Tensor NormSilu::forward_behind(const at::Tensor& slot, std::int64_t before,
                                    const at::Tensor& x) const {
  if (!fused_cpu_path(x)) return frames_behind(slot, before, forward(x));
  const at::Tensor in = x.contiguous(at::MemoryFormat::ChannelsLast3d);
  at::Tensor out = at::empty({in.size(0), in.size(1), before + in.size(2), in.size(3), in.size(4)},
                             in.options().memory_format(at::MemoryFormat::ChannelsLast3d));
  const std::int64_t known = slot.defined() ? slot.size(2) : 0;
  out.narrow(2, 0, before - known).zero_();
  if (known > 0) out.narrow(2, before - known, known).copy_(slot);
  const std::int64_t rows = in.numel() / in.size(0) / in.size(1);
  for (std::int64_t clip = 0; clip < in.size(0); ++clip) {
    norm_silu_rows(gamma_, in.select(0, clip).const_data_ptr(),
                   out.select(0, clip).narrow(1, before, in.size(2)).mutable_data_ptr(), rows,
                   in.scalar_type());
  }
  return out;
}

}  // namespace oasis::model
