#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "oasis/checkpoint/state_dict.h"

namespace oasis::losses {

/// The trunk of LPIPS: AlexNet to compare with published numbers, VGG-16 as a training loss.
enum class LpipsNet { alex, vgg };

/// "alex" or "vgg"; anything else throws `oasis::Error`.
LpipsNet lpips_net_from(const std::string& name);

/// LPIPS v0.1 (Zhang et al., CVPR 2018; PerceptualSimilarity `lpips.py`): the distance of two
/// pictures in the features of a frozen classifier. Differentiable with respect to the pictures;
/// normalisation and sums run in float32 whatever the trunk's dtype. Throws `oasis::Error` for
/// pictures too small for the last tap.
class Lpips {
 public:
  /// Parameters are allocated without values: `load` them.
  explicit Lpips(LpipsNet net, const c10::TensorOptions& options = {});
  ~Lpips();

  /// `trunk`: torchvision's classifier (`features.<i>.weight`; the classifier's own layers are
  /// ignored). `linear`: the released `lin<k>.model.1.weight`. Strict; errors begin with `what`.
  void load(const checkpoint::StateDict& trunk, const checkpoint::StateDict& linear,
            const std::string& what);

  /// pred, reference `[N, 3, H, W]` in [-1, 1] -> distances `[N]`.
  at::Tensor forward(const at::Tensor& pred, const at::Tensor& reference) const;

  /// Trunk, then linear layers, by the names of `load`.
  std::vector<std::pair<std::string, at::Tensor>> parameters() const;

  LpipsNet net() const { return net_; }

 private:
  struct Network;

  LpipsNet net_;
  std::unique_ptr<Network> network_;
};

}  // namespace oasis::losses
