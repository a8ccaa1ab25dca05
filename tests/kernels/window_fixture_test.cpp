// The fixture's reference, and what is expected of the reference itself.
#include "window_fixture.h"

#include <algorithm>

#include "kernels/window_attention_paths.h"

namespace oasis::kernels::window_test {
namespace {

/// Calls f(a, b) for every pair of tokens of which each sees the other.
template <class F>
void for_each_pair(const Case& c, F f) {
  const auto close = [](int a, int b, int window) { return std::abs(a - b) <= window / 2; };
  const int per_frame = c.rows * c.cols;
  for (int a = 0; a < c.tokens(); ++a) {
    for (int b = 0; b < c.tokens(); ++b) {
      if (close(a / per_frame, b / per_frame, c.window_frames) &&
          close(a / c.cols % c.rows, b / c.cols % c.rows, c.window_rows) &&
          close(a % c.cols, b % c.cols, c.window_cols)) {
        f(a, b);
      }
    }
  }
}

double dot(const double* a, const double* b, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

double rounded(Element element, double value) {
  double result = value;
  with_element(element, [&](auto type) {
    using T = typename decltype(type)::Type;
    result = to_float(from_float<T>(static_cast<float>(value)));
  });
  return result;
}

void expect_close(const std::vector<double>& values, const std::vector<double>& expected,
                  const std::vector<double>& bounds, const char* name) {
  ASSERT_EQ(values.size(), expected.size());
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double ratio = std::abs(values[i] - expected[i]) / bounds[i];
    if (!(ratio <= worst)) {
      worst = ratio;
      at = i;
    }
    if (std::isnan(ratio)) break;
  }
  EXPECT_LE(worst, 1.0) << name << "[" << at << "] is " << values[at] << ", exactly "
                        << expected[at] << ", bound " << bounds[at];
}

}  // namespace

Exact exact(const Case& c, const Inputs& in, double weight_unit) {
  const int dim = c.head_dim, count = c.tokens();
  const double scale = scale_of(c), result_unit = unit(c.element);
  // fp32 sums: the logits' own error is multiplied by their size.
  const double slack = 1e-5 * (1.0 + c.spread * c.spread);
  Exact e;
  const auto size = in.q.size();
  for (auto* values :
       {&e.o, &e.dq, &e.dk, &e.dv, &e.o_bound, &e.dq_bound, &e.dk_bound, &e.dv_bound}) {
    values->assign(size, 0.0);
  }
  e.lse.assign(size / static_cast<std::size_t>(dim), 0.0);

  for (int head = 0; head < c.batch * c.heads; ++head) {
    const auto base = static_cast<std::size_t>(head) * count;
    const auto at = [&](auto& values, int token) {
      return values.data() +
             (base + static_cast<std::size_t>(token)) * static_cast<std::size_t>(dim);
    };
    std::vector<double> logits(static_cast<std::size_t>(count) * count, 0.0);
    const auto pair = [&](int q, int k) {
      return static_cast<std::size_t>(q) * static_cast<std::size_t>(count) +
             static_cast<std::size_t>(k);
    };
    std::vector<double> top(static_cast<std::size_t>(count), -1e300), sum(top.size(), 0.0);
    for_each_pair(c, [&](int q, int k) {
      logits[pair(q, k)] = scale * dot(at(in.q, q), at(in.k, k), dim);
      top[q] = std::max(top[q], logits[pair(q, k)]);
    });
    for_each_pair(c, [&](int q, int k) { sum[q] += std::exp(logits[pair(q, k)] - top[q]); });
    for (int q = 0; q < count; ++q) e.lse[base + q] = top[q] + std::log(sum[q]);
    const auto weight = [&](int q, int k) {
      return std::exp(logits[pair(q, k)] - e.lse[base + q]);
    };

    for_each_pair(c, [&](int q, int k) {
      for (int d = 0; d < dim; ++d) {
        const double part = weight(q, k) * at(in.v, k)[d];
        at(e.o, q)[d] += part;
        at(e.o_bound, q)[d] += (weight_unit + slack) * std::abs(part);
      }
    });
    std::vector<double> delta(static_cast<std::size_t>(count), 0.0), delta_bound = delta;
    for (int q = 0; q < count; ++q) {
      for (int d = 0; d < dim; ++d) {
        const double o = at(e.o, q)[d], d_o = at(in.d_o, q)[d];
        at(e.o_bound, q)[d] += result_unit * std::abs(o) + 1e-7;
        delta[q] += d_o * o;
        delta_bound[q] += std::abs(d_o * (rounded(c.element, o) - o)) + slack * std::abs(d_o * o);
      }
    }
    for_each_pair(c, [&](int q, int k) {
      const double p = weight(q, k), dp = dot(at(in.d_o, q), at(in.v, k), dim);
      const double ds = p * (dp - delta[q]);
      const double ds_bound = weight_unit * std::abs(ds) + p * delta_bound[q] +
                              slack * p * (std::abs(dp) + std::abs(delta[q]) + 1.0);
      for (int d = 0; d < dim; ++d) {
        at(e.dq, q)[d] += scale * ds * at(in.k, k)[d];
        at(e.dq_bound, q)[d] += scale * ds_bound * std::abs(at(in.k, k)[d]);
        at(e.dk, k)[d] += scale * ds * at(in.q, q)[d];
        at(e.dk_bound, k)[d] += scale * ds_bound * std::abs(at(in.q, q)[d]);
        at(e.dv, k)[d] += p * at(in.d_o, q)[d];
        at(e.dv_bound, k)[d] += (weight_unit + slack) * p * std::abs(at(in.d_o, q)[d]);
      }
    });
  }
  const auto round_result = [&](const std::vector<double>& values, std::vector<double>& bounds) {
    for (std::size_t i = 0; i < size; ++i) bounds[i] += result_unit * std::abs(values[i]) + 1e-6;
  };
  round_result(e.dq, e.dq_bound);
  round_result(e.dk, e.dk_bound);
  round_result(e.dv, e.dv_bound);
  return e;
}

Trial::Trial(const Case& c)
    : Trial(c, {normal_values(c, c.spread, 1), normal_values(c, c.spread, 2),
                normal_values(c, 1, 3), normal_values(c, 1, 4)}) {}

Trial::Trial(const Case& c, Inputs in) : case_(c), in_(std::move(in)) {
  packed_ = std::make_unique<Buffer>(c, 3);
  packed_->set(0, in_.q);
  packed_->set(1, in_.k);
  packed_->set(2, in_.v);
  d_o_ = std::make_unique<Buffer>(c, 2);
  d_o_->set(0, in_.d_o);
  results_ = std::make_unique<Buffer>(c, 1);
  gradients_ = std::make_unique<Buffer>(c, 3);
  lse_.assign(static_cast<std::size_t>(c.batch) * c.heads * c.tokens(), NAN);
  delta_ = lse_;
}

WindowProblem Trial::problem() const {
  WindowProblem p;
  p.element = case_.element;
  p.batch = case_.batch;
  p.heads = case_.heads;
  p.head_dim = case_.head_dim;
  p.frames = case_.frames;
  p.rows = case_.rows;
  p.cols = case_.cols;
  p.window_frames = case_.window_frames;
  p.window_rows = case_.window_rows;
  p.window_cols = case_.window_cols;
  p.scale = scale_of(case_);
  return p;
}

WindowForward Trial::forward_call() {
  WindowForward call;
  call.problem = problem();
  call.q = packed_->view(0);
  call.k = packed_->view(1);
  call.v = packed_->view(2);
  call.o = results_->mutable_view(0);
  call.lse = lse_.data();
  return call;
}

void Trial::forward(WindowPath path, int multiprocessors) {
  auto call = forward_call();
  call.multiprocessors = multiprocessors;
  call.shared_bytes = 227 * 1024;
  window_attention_forward(call, path, nullptr);
}

void Trial::forward_rolling(int segment) {
  window_paths::forward_rolling(forward_call(), segment, nullptr);
}

void Trial::backward(WindowPath path, const Exact& reference) {
  auto o = reference.o;
  d_o_->set(1, o);
  std::copy(reference.lse.begin(), reference.lse.end(), lse_.begin());
  WindowBackward call;
  call.problem = problem();
  call.q = packed_->view(0);
  call.k = packed_->view(1);
  call.v = packed_->view(2);
  call.d_o = d_o_->view(0);
  call.o = d_o_->view(1);
  call.lse = lse_.data();
  call.delta = delta_.data();
  call.dq = gradients_->mutable_view(0);
  call.dk = gradients_->mutable_view(1);
  call.dv = gradients_->mutable_view(2);
  window_attention_backward(call, path, nullptr);
}

void Trial::expect_forward(const Exact& reference) const {
  expect_close(results_->get(0), reference.o, reference.o_bound, "o");
  for (std::size_t i = 0; i < lse_.size(); ++i) {
    ASSERT_NEAR(lse_[i], reference.lse[i], 1e-5 * (1.0 + case_.spread * case_.spread))
        << "lse[" << i << "]";
  }
  EXPECT_TRUE(results_->rest_untouched()) << "a write outside the heads of the call";
}

void Trial::expect_backward(const Exact& reference) const {
  expect_close(gradients_->get(0), reference.dq, reference.dq_bound, "dq");
  expect_close(gradients_->get(1), reference.dk, reference.dk_bound, "dk");
  expect_close(gradients_->get(2), reference.dv, reference.dv_bound, "dv");
  EXPECT_TRUE(gradients_->rest_untouched()) << "a write outside the heads of the call";
}

std::vector<unsigned char> Trial::bytes() const {
  auto all = results_->bytes();
  all.insert(all.end(), gradients_->bytes().begin(), gradients_->bytes().end());
  const auto* lse = reinterpret_cast<const unsigned char*>(lse_.data());
  all.insert(all.end(), lse, lse + lse_.size() * sizeof(float));
  return all;
}

namespace {

double loss(const Case& c, const Inputs& in) {
  const auto e = exact(c, in, 0);
  return dot(e.o.data(), in.d_o.data(), static_cast<int>(e.o.size()));
}

TEST(WindowFixture, ReferenceGradientsAreThoseOfItsForward) {
  Case c{2, 3, 4};
  c.heads = 1;
  c.head_dim = 8;
  Inputs in{normal_values(c, 1, 1), normal_values(c, 1, 2), normal_values(c, 1, 3),
            normal_values(c, 1, 4)};
  const auto e = exact(c, in, 0);
  const std::pair<std::vector<double>*, const std::vector<double>*> gradients[] = {
      {&in.q, &e.dq}, {&in.k, &e.dk}, {&in.v, &e.dv}};
  for (const auto& [values, expected] : gradients) {
    for (std::size_t i = 0; i < values->size(); i += 13) {
      const double kept = (*values)[i], step = 1e-5;
      (*values)[i] = kept + step;
      const double above = loss(c, in);
      (*values)[i] = kept - step;
      const double below = loss(c, in);
      (*values)[i] = kept;
      EXPECT_NEAR((above - below) / (2 * step), (*expected)[i], 1e-7);
    }
  }
}

}  // namespace
}  // namespace oasis::kernels::window_test
