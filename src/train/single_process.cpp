#include "oasis/train/comm.h"

namespace oasis::train {
namespace {

class SingleProcess : public Comm {
 public:
  int rank() const override { return 0; }
  int world() const override { return 1; }
  void broadcast(at::Tensor&, int) override {}
  void all_reduce_sum(at::Tensor&) override {}
  at::Tensor reduce_scatter_mean(const at::Tensor& full) override { return full; }
  at::Tensor all_gather(const at::Tensor& piece) override { return piece; }
  void barrier() override {}
};

}  // namespace

std::shared_ptr<Comm> single_process() { return std::make_shared<SingleProcess>(); }

}  // namespace oasis::train
