// The plain window kernels and the choice of the path.
#include "kernels/window_attention_plain.cu"

#include "emulator.h"
#include "kernels/window_attention.cu"
#include "window_fixture.h"

namespace oasis::kernels::window_test {
namespace {

/// The plain kernels keep weights in fp32.
constexpr double kNoRounding = 0.0;

void expect_exact(const Case& c) {
  SCOPED_TRACE(describe(c));
  Trial trial(c);
  const auto reference = exact(c, trial.inputs(), kNoRounding);
  trial.forward(WindowPath::plain);
  trial.expect_forward(reference);
  trial.backward(WindowPath::plain, reference);
  trial.expect_backward(reference);
}

Case plain_case(Element element, int head_dim) {
  Case c{2, 3, 5};
  c.heads = 1;
  c.element = element;
  c.head_dim = head_dim;
  return c;
}

TEST(WindowPlain, MatchesTheDefinitionForEveryTypeAndHeadDim) {
  for (const auto element : {Element::f32, Element::f16, Element::bf16}) {
    for (const int head_dim : {5, 64, 128, 256}) expect_exact(plain_case(element, head_dim));
  }
}

TEST(WindowPlain, TakesRowsThatBeginAnywhere) {
  auto c = plain_case(Element::bf16, 64);
  c.shift = 3;
  expect_exact(c);
  c.head_dim = 72;  // no multiple of a lane's group times sixteen
  expect_exact(c);
}

TEST(WindowPlain, TakesAnyOddWindowAndGrid) {
  for (const auto& [t, h, w] : {std::tuple{1, 1, 1}, {3, 3, 3}, {5, 7, 7}, {1, 9, 11}}) {
    auto c = plain_case(Element::f32, 16);
    c.window_frames = t;
    c.window_rows = h;
    c.window_cols = w;
    expect_exact(c);
  }
  Case one{1, 1, 1};
  expect_exact(one);
  Case tall{1, 11, 1};
  tall.batch = 2;
  tall.element = Element::f16;
  expect_exact(tall);
}

TEST(WindowPlain, LargeLogits) {
  auto c = plain_case(Element::f32, 32);
  c.spread = 3;
  expect_exact(c);
}

TEST(WindowPaths, FastOneTakesOnlyItsOwn) {
  WindowForward call;
  alignas(16) static unsigned char row[64];
  call.q.data = call.k.data = call.v.data = row;
  call.o.data = row;
  EXPECT_TRUE(window_fast_supports(call));
  call.problem.head_dim = 96;
  EXPECT_FALSE(window_fast_supports(call));
  EXPECT_THROW(window_attention_forward(call, WindowPath::fast, nullptr), std::invalid_argument);
  call.problem.head_dim = 64;
  EXPECT_TRUE(window_fast_supports(call));
  call.k.token_stride = 4;
  EXPECT_FALSE(window_fast_supports(call)) << "rows that miss a 16-byte boundary";
  call.k.token_stride = 8;
  call.v.data = row + 2;
  EXPECT_FALSE(window_fast_supports(call));
  call.v.data = row;
  call.problem.element = Element::f32;
  EXPECT_FALSE(window_fast_supports(call));
  call.problem.element = Element::f16;
  call.problem.window_frames = 1;
  EXPECT_FALSE(window_fast_supports(call));
  call.problem.window_frames = 4;
  EXPECT_THROW(window_attention_forward(call, WindowPath::plain, nullptr), std::invalid_argument);
}

}  // namespace
}  // namespace oasis::kernels::window_test
