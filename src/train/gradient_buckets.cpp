#include "oasis/train/gradient_buckets.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/torch.h>

namespace oasis::train {

class GradientBuckets::Hook : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(GradientBuckets& owner, std::size_t parameter) : owner_(owner), parameter_(parameter) {}
  void operator()(const torch::autograd::Variable& tensor) override {
    owner_.take(parameter_, tensor);
  }

 private:
  GradientBuckets& owner_;
  std::size_t parameter_;
};

GradientBuckets::GradientBuckets(const AdamW::Parameters& parameters, std::shared_ptr<Comm> comm,
                                 std::int64_t bucket_bytes)
    : parameters_(parameters), comm_(std::move(comm)) {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : parameters_) count += tensor.numel();
  const std::int64_t world = comm_->world();
  const std::int64_t padded = (count + world - 1) / world * world;
  flat_ = at::zeros({padded}, parameters_.front().second.options().dtype(at::kFloat));
  places_.resize(parameters_.size());

  const std::int64_t most = bucket_bytes / static_cast<std::int64_t>(sizeof(float));
  std::int64_t end = padded;  // of the bucket that grows towards the front
  std::int64_t start = count;
  std::int64_t members = 0;
  for (std::size_t i = parameters_.size(); i-- > 0;) {
    const at::Tensor& tensor = parameters_[i].second;
    start -= tensor.numel();
    places_[i].values = flat_.narrow(0, start, tensor.numel()).view(tensor.sizes());
    places_[i].bucket = buckets_.size();
    ++members;
    if (end - start < most && i > 0) continue;
    buckets_.push_back({flat_.narrow(0, start, end - start), members, 0});
    end = start;
    members = 0;
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameters_[i].second,
                                                   std::make_unique<Hook>(*this, i));
  }
}

GradientBuckets::~GradientBuckets() {
  for (const auto& [name, tensor] : parameters_) {
    torch::autograd::impl::set_post_acc_grad_hooks(tensor, nullptr);
  }
}

void GradientBuckets::begin(bool first, bool last) {
  if (first) flat_.zero_();
  for (Bucket& bucket : buckets_) bucket.missing = bucket.members;
  for (Place& place : places_) place.filled = false;
  next_ = 0;
  sending_ = last;
}

void GradientBuckets::take(std::size_t parameter, const at::Tensor& tensor) {
  // A pass that stops short of the leaves (`torch::autograd::grad`) calls this too.
  if (!tensor.grad().defined()) return;
  const torch::NoGradGuard no_grad;
  Place& place = places_[parameter];
  place.values.add_(tensor.grad());
  tensor.mutable_grad() = at::Tensor();
  if (place.filled) return;
  place.filled = true;
  --buckets_[place.bucket].missing;
  if (sending_) send_complete_buckets();
}

void GradientBuckets::send_complete_buckets() {
  for (; next_ < buckets_.size() && buckets_[next_].missing == 0; ++next_) {
    comm_->start_sum(buckets_[next_].values);
  }
}

at::Tensor GradientBuckets::finish() {
  const torch::NoGradGuard no_grad;
  for (Bucket& bucket : buckets_) bucket.missing = 0;
  send_complete_buckets();
  comm_->finish_sums();
  if (comm_->world() > 1) flat_.div_(comm_->world());
  return flat_;
}

}  // namespace oasis::train
