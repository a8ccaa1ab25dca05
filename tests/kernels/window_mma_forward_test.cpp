// The tensor-core forward against the definition and the plain kernel.
#include "kernels/window_attention_mma_forward.cu"

#include "emulator.h"
#include "window_mma_cases.h"

namespace oasis::kernels::window_test {
namespace {

using emulation::Order;
using emulation::OrderScope;

class WindowMmaForward : public testing::TestWithParam<Case> {};

TEST_P(WindowMmaForward, MatchesTheDefinition) {
  const auto& c = GetParam();
  Trial trial(c);
  trial.forward(WindowPath::fast);
  trial.expect_forward(exact(c, trial.inputs(), weight_unit(c)));
}

INSTANTIATE_TEST_SUITE_P(Grids, WindowMmaForward, testing::ValuesIn(mma_cases()));

TEST(WindowMmaForwardMore, LargeLogits) {
  Case c{2, 5, 6};
  c.spread = 3;
  for (const auto element : {Element::bf16, Element::f16}) {
    c.element = element;
    Trial trial(c);
    trial.forward(WindowPath::fast);
    trial.expect_forward(exact(c, trial.inputs(), weight_unit(c)));
  }
}

TEST(WindowMmaForwardMore, IsAsNearToThePlainKernelAsRoundingAllows) {
  Case c{2, 5, 6};
  c.heads = 1;
  Trial fast(c), plain(c);
  fast.forward(WindowPath::fast);
  plain.forward(WindowPath::plain);
  const auto bounds = exact(c, fast.inputs(), weight_unit(c)).o_bound;
  const auto a = fast.output(), b = plain.output();
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], bounds[i]) << i;
}

/// Every query asks for one key of its window, each place of the window in turn; the values say
/// which key was found.
TEST(WindowMmaForwardMore, EveryPlaceOfTheWindowIsFound) {
  Case c{3, 9, 10};
  c.heads = 1;
  Inputs in{normal_values(c, 1, 1), normal_values(c, 1, 2), normal_values(c, 1, 3),
            normal_values(c, 1, 4)};
  const auto dim = static_cast<std::size_t>(c.head_dim);
  for (auto& x : in.k) x = x > 0 ? 2.5 : -2.5;
  std::vector<int> targets;
  for (int n = 0; n < c.tokens(); ++n) {
    const int place = n * 7 % 75;
    int t = n / (c.rows * c.cols) + place / 25 - 1, h = n / c.cols % c.rows + place / 5 % 5 - 2,
        w = n % c.cols + place % 5 - 2;
    t = std::min(std::max(t, 0), c.frames - 1);
    h = std::min(std::max(h, 0), c.rows - 1);
    w = std::min(std::max(w, 0), c.cols - 1);
    const int target = (t * c.rows + h) * c.cols + w;
    targets.push_back(target);
    for (std::size_t d = 0; d < dim; ++d) {
      in.q[n * dim + d] = in.k[target * dim + d];
      in.v[n * dim + d] = d == 0 ? n % 16 : d == 1 ? n / 16 : 0;
    }
  }
  Trial trial(c, in);
  trial.forward(WindowPath::fast);
  const auto o = trial.output();
  for (int n = 0; n < c.tokens(); ++n) {
    const auto found = std::lround(o[n * dim]) + 16 * std::lround(o[n * dim + 1]);
    ASSERT_EQ(found, targets[static_cast<std::size_t>(n)]) << "query " << n;
  }
}

TEST(WindowMmaForwardMore, SameBitsInEveryOrder) {
  Case c{2, 5, 9};
  c.heads = 1;
  std::vector<std::vector<unsigned char>> results;
  for (const auto order : {Order::ascending, Order::descending, Order::random}) {
    const OrderScope scope(order);
    Trial trial(c);
    trial.forward(WindowPath::fast);
    results.push_back(trial.bytes());
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST(WindowMmaForwardMore, EmptyProblemsAreNothing) {
  Case c{0, 3, 4};
  Trial trial(c);
  EXPECT_NO_THROW(trial.forward(WindowPath::fast));
}

}  // namespace
}  // namespace oasis::kernels::window_test
