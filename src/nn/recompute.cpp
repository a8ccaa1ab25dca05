#include "oasis/nn/recompute.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/torch.h>

#include <algorithm>

namespace oasis::nn {
namespace {

using torch::autograd::variable_list;

thread_local bool first_of_two_runs = false;

class FirstRun {
 public:
  FirstRun() : before_(first_of_two_runs) { first_of_two_runs = true; }
  ~FirstRun() { first_of_two_runs = before_; }
  FirstRun(const FirstRun&) = delete;
  FirstRun& operator=(const FirstRun&) = delete;

 private:
  bool before_;
};

struct PartHolder : torch::CustomClassHolder {
  explicit PartHolder(NetworkPart given) : part(std::move(given)) {}
  NetworkPart part;
};

/// The inputs, then the parameters.
class Recomputed : public torch::autograd::Function<Recomputed> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const c10::intrusive_ptr<PartHolder>& holder, std::int64_t inputs,
                            at::TensorList tensors) {
    ctx->saved_data["part"] = c10::IValue::make_capsule(holder);
    ctx->saved_data["inputs"] = inputs;
    ctx->save_for_backward(tensors.vec());
    const FirstRun first_run;
    return holder->part({tensors.begin(), tensors.begin() + inputs});
  }

  static variable_list backward(torch::autograd::AutogradContext* ctx,
                                const variable_list& gradients) {
    const auto holder =
        c10::static_intrusive_pointer_cast<PartHolder>(ctx->saved_data["part"].toCapsule());
    const auto inputs = static_cast<std::size_t>(ctx->saved_data["inputs"].toInt());
    variable_list tensors = ctx->get_saved_variables();
    const at::AutoGradMode with_gradients(true);
    for (std::size_t i = 0; i < inputs; ++i) {
      tensors[i] = tensors[i].detach().set_requires_grad(tensors[i].requires_grad());
    }
    const at::Tensor out =
        holder->part({tensors.begin(), tensors.begin() + static_cast<std::ptrdiff_t>(inputs)});
    variable_list wanted;
    for (const at::Tensor& tensor : tensors) {
      if (tensor.requires_grad()) wanted.push_back(tensor);
    }
    const variable_list found =
        torch::autograd::grad({out}, wanted, {gradients[0]}, /*retain_graph=*/std::nullopt,
                              /*create_graph=*/false, /*allow_unused=*/true);
    variable_list result(2 + tensors.size());
    std::size_t next = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].requires_grad()) result[2 + i] = found[next++];
    }
    return result;
  }
};

}  // namespace

bool is_training() { return at::GradMode::is_enabled() || first_of_two_runs; }

at::Tensor recompute(const NetworkPart& part, const std::vector<at::Tensor>& inputs,
                     const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> tensors = inputs;
  tensors.insert(tensors.end(), parameters.begin(), parameters.end());
  const bool differentiable =
      at::GradMode::is_enabled() && std::any_of(tensors.begin(), tensors.end(), [](const auto& t) {
        return t.defined() && t.requires_grad();
      });
  if (!differentiable) return part(inputs);
  return Recomputed::apply(c10::make_intrusive<PartHolder>(part),
                           static_cast<std::int64_t>(inputs.size()), at::TensorList(tensors));
}

}  // namespace oasis::nn
