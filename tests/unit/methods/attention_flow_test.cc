#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <tuple>

#include "methods/lib/max_flow.h"
#include "support/status_matchers.h"
#include "unit/methods/method_case.h"

namespace limpid::methods {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using testing::IsOk;
using testing::MethodCase;
using testing::StatusIs;

// The smallest capacity from a set of nodes with the source to the rest with the sink, over all such sets.
int64_t MinCut(size_t num_nodes, size_t source, size_t sink,
               const std::vector<std::tuple<size_t, size_t, int64_t>>& edges) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (uint32_t set = 0; set < 1u << num_nodes; ++set) {
    const auto is_inside = [&](size_t node) { return (set >> node & 1) != 0; };
    if (!is_inside(source) || is_inside(sink)) continue;
    int64_t cut = 0;
    for (const auto& [from, to, capacity] : edges) cut += is_inside(from) && !is_inside(to) ? capacity : 0;
    least = std::min(least, cut);
  }
  return least;
}

TEST(FlowNetwork, CarriesAsMuchAsTheSmallestCut) {
  constexpr size_t kNodes = 9;
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    FlowNetwork network(kNodes);
    std::vector<std::tuple<size_t, size_t, int64_t>> edges;
    for (size_t from = 0; from < kNodes; ++from) {
      for (size_t to = 0; to < kNodes; ++to) {
        if (from == to || random() % 2 == 0) continue;
        edges.emplace_back(from, to, static_cast<int64_t>(random() % 20));
        network.AddEdge(from, to, std::get<2>(edges.back()));
      }
    }
    // Every pair in turn: a flow leaves nothing behind for the next.
    for (size_t sink = 1; sink < kNodes; ++sink) {
      EXPECT_EQ(network.MaxFlow(0, sink), MinCut(kNodes, 0, sink, edges)) << "round " << round << ", sink " << sink;
    }
  }
}

TEST(FlowNetwork, TakesBackWhatStandsInTheWay) {
  // The shortest path 0-1-4-5 must give way at 4 for 0-3-4-5 while its own flow turns to 1-2-5.
  FlowNetwork network(6);
  for (const auto& [from, to] : {std::pair{0, 1}, {1, 4}, {4, 5}, {0, 3}, {3, 4}, {1, 2}, {2, 5}}) {
    network.AddEdge(static_cast<size_t>(from), static_cast<size_t>(to), 1);
  }
  EXPECT_EQ(network.MaxFlow(0, 5), 2);
  EXPECT_EQ(network.MaxFlow(5, 0), 0);
}

TEST(AttentionFlow, OfOneLayerIsTheMixingWeight) {
  // M = [[(.5+1)/2, .5/2], [.25/2, (.75+1)/2]].
  engine::RowResult base;
  base.head_mean_attention = explain::MakeTensor({1, 2, 2}, {.5f, .5f, .25f, .75f});
  MethodCase text(2);
  text.With(base);

  EXPECT_THAT(text.Fold("attention_flow {}").scores, ElementsAre(FloatEq(.75f), FloatEq(.25f)));
  const explain::TokenScores second = text.Fold("attention_flow { query_token: 1 }");
  EXPECT_THAT(second.scores, ElementsAre(FloatEq(.125f), FloatEq(.875f)));
  EXPECT_EQ(second.card.query_token, 1);
  EXPECT_FALSE(second.card.depends_on_target);
  EXPECT_FALSE(second.card.is_signed);
}

TEST(AttentionFlow, OfTwoLayersIsBoundByTheNarrowerOne) {
  // M_1 = [[.75, .25], [.125, .875]], M_2 = [[.9, .1], [.5, .5]]. From token 0 to 0: min(.75, .9) + min(.125, .1);
  // from 1: min(.25, .9) + min(.875, .1).
  engine::RowResult base;
  base.head_mean_attention = explain::MakeTensor({2, 2, 2}, {.5f, .5f, .25f, .75f, .8f, .2f, 1, 0});
  MethodCase text(2);
  text.With(base);

  EXPECT_THAT(text.Fold("attention_flow {}").scores, ElementsAre(FloatEq(.85f), FloatEq(.35f)));
}

TEST(AttentionFlow, RefusesLongTextsAndAQueryThatTheTextLacks) {
  EXPECT_THAT(MethodCase(64).Check("attention_flow { query_token: 63 }"), IsOk());
  EXPECT_THAT(MethodCase(2).Check("attention_flow { query_token: 2 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, "query_token: is 2, the input has tokens 0 to 1"));
  EXPECT_THAT(MethodCase(65).Check("attention_flow {}"),
              StatusIs(absl::StatusCode::kInvalidArgument, "input: has 65 tokens, this method takes at most 64"));
}

}  // namespace
}  // namespace limpid::methods
