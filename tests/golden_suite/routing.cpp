#include <gtest/gtest.h>
#include <torch/torch.h>

#include "oasis/routing/assignment.h"
#include "oasis/routing/score_sums.h"
#include "registry.h"

// Scores and head map from queries and keys, by both ways of computing the statistics.

namespace oasis::golden {
namespace {

using routing::HeadScores;

/// `[heads, N, D]` as the scores take it: `[1, N, heads, D]`.
at::Tensor to_tokens(const at::Tensor& x) { return x.transpose(0, 1).unsqueeze(0); }

/// Sums of one layer: q, k `[1, N, heads, D]` -> `[1, heads, scores, patterns]`.
using LayerSums = at::Tensor (*)(const at::Tensor&, const at::Tensor&, const TokenGrid&,
                                 const routing::ScoreOptions&);

HeadScores video_scores(const Fixture& fixture, const std::string& video, const TokenGrid& grid,
                        const routing::ScoreOptions& options, LayerSums layer_sums) {
  const auto q = fixture.input("q." + video), k = fixture.input("k." + video);
  HeadScores scores(q.size(0), q.size(1));
  std::vector<at::Tensor> layers;
  for (std::int64_t layer = 0; layer < q.size(0); ++layer) {
    layers.push_back(layer_sums(to_tokens(q[layer]), to_tokens(k[layer]), grid, options));
  }
  const auto means = (at::cat(layers) / static_cast<double>(grid.count())).contiguous();
  const auto* values = means.const_data_ptr<double>();
  scores.values().assign(values, values + means.numel());
  return scores;
}

at::Tensor as_tensor(const routing::HeadKinds& kinds) {
  std::vector<at::Tensor> rows;
  for (const auto& row : kinds) {
    std::vector<std::int64_t> codes;
    for (const auto kind : row) codes.push_back(static_cast<std::int64_t>(kind));
    rows.push_back(at::tensor(codes, at::kLong));
  }
  return at::stack(rows);
}

void check(const Fixture& fixture, LayerSums layer_sums) {
  const auto& c = fixture.config();
  const routing::ScoreOptions options{{c.at("window")[0], c.at("window")[1], c.at("window")[2]},
                                      c.at("eps")};
  routing::MeanScores mean;
  int video = 0;
  for (const auto& g : c.at("grids")) {
    const TokenGrid grid{g[0], g[1], g[2]};
    mean.add(video_scores(fixture, std::to_string(video++), grid, options, layer_sums));
  }
  const auto scores = mean.mean();
  auto values = scores.values();
  const auto all =
      at::from_blob(values.data(), {scores.layers(), scores.heads(), 3, 2}, at::kDouble);
  for (const auto score : routing::kScores) {
    fixture.expect_close(to_string(score), all.select(2, static_cast<std::int64_t>(score)));
  }
  const auto decisive = routing::score_from(c.at("score").get<std::string>());
  fixture.expect_close("assignment", as_tensor(routing::assign(scores, decisive, c.at("rho"))));
}

void check_routing(const Fixture& fixture) {
  {
    SCOPED_TRACE("streamed");
    check(fixture, &routing::score_sums);
  }
  SCOPED_TRACE("by table");
  check(fixture, [](const at::Tensor& q, const at::Tensor& k, const TokenGrid& grid,
                    const routing::ScoreOptions& options) {
    const auto table =
        routing::cell_table(q.to(at::kDouble), k.to(at::kDouble), grid, options.window);
    return routing::sum_cell_table(table, options.eps);
  });
}

const AreaRegistration registration("routing", &check_routing);

}  // namespace
}  // namespace oasis::golden
