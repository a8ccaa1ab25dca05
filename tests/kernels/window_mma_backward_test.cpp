// The tensor-core backward against the definition, and gradients of the plain kernels.
#include "kernels/window_attention_mma_dkdv.cu"
#include "kernels/window_attention_mma_dq.cu"

#include "emulator.h"
#include "window_mma_cases.h"

namespace oasis::kernels::window_test {
namespace {

using emulation::Order;
using emulation::OrderScope;

class WindowMmaBackward : public testing::TestWithParam<Case> {};

TEST_P(WindowMmaBackward, MatchesTheDefinition) {
  const auto& c = GetParam();
  Trial trial(c);
  const auto reference = exact(c, trial.inputs(), weight_unit(c));
  trial.backward(WindowPath::fast, reference);
  trial.expect_backward(reference);
}

INSTANTIATE_TEST_SUITE_P(Grids, WindowMmaBackward, testing::ValuesIn(mma_cases()));

TEST(WindowMmaBackwardMore, LargeLogits) {
  Case c{2, 5, 6};
  c.spread = 3;
  Trial trial(c);
  const auto reference = exact(c, trial.inputs(), weight_unit(c));
  trial.backward(WindowPath::fast, reference);
  trial.expect_backward(reference);
}

TEST(WindowMmaBackwardMore, IsAsNearToThePlainKernelAsRoundingAllows) {
  Case c{2, 5, 6};
  c.heads = 1;
  Trial fast(c), plain(c);
  const auto reference = exact(c, fast.inputs(), weight_unit(c));
  fast.backward(WindowPath::fast, reference);
  plain.backward(WindowPath::plain, reference);
  const std::vector<double>* bounds[] = {&reference.dq_bound, &reference.dk_bound,
                                         &reference.dv_bound};
  for (int part = 0; part < 3; ++part) {
    const auto a = fast.gradient(part), b = plain.gradient(part);
    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], (*bounds[part])[i]) << i;
  }
}

TEST(WindowMmaBackwardMore, SameBitsInEveryOrder) {
  Case c{2, 5, 9};
  c.heads = 1;
  std::vector<std::vector<unsigned char>> results;
  for (const auto order : {Order::ascending, Order::descending, Order::random}) {
    const OrderScope scope(order);
    Trial trial(c);
    trial.backward(WindowPath::fast, exact(c, trial.inputs(), weight_unit(c)));
    results.push_back(trial.bytes());
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

}  // namespace
}  // namespace oasis::kernels::window_test
