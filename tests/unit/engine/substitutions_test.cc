// The search over the vocabulary against all estimates written out, in double.
#include "engine/pass/substitutions.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <random>

#include "engine/engine.h"
#include "support/status_matchers.h"
#include "unit/engine/reference_bert.h"
#include "unit/engine/tiny_model.h"

namespace limpid::engine {
namespace {

using ::limpid::testing::IsOk;
using ::testing::IsEmpty;

class SubstitutionRows : public ::testing::Test {
 protected:
  void SetUp() override {
    config_.vocab_size = 2 * kSubstitutionBlock + 300;
    auto loaded = LoadEngine(WriteTinyModel("substitutions", config_), {.device = "cpu", .num_threads = 1});
    ASSERT_THAT(loaded, IsOk());
    engine_ = *std::move(loaded);
    std::mt19937 random(1);
    for (int64_t v = 0; v < config_.vocab_size; ++v) allowed_.push_back(random() % 3 != 0);
  }

  Row SearchingRow(int64_t length, uint32_t seed, int32_t count, std::vector<int32_t> tokens) const {
    Row row = RandomRow(config_, length, seed, {.kind = Target::Kind::kClass, .class_index = 1});
    row.wanted = {};
    row.wanted.substitutions =
        SubstitutionSearch{count, std::make_shared<const std::vector<uint8_t>>(allowed_), std::move(tokens)};
    return row;
  }

  // [T, vocab_size], infinite where a word may not be put.
  at::Tensor AllEstimates(const Row& row) const {
    ReferenceBert truth(config_, RandomWeights(config_, 1), at::kDouble);
    truth.Run(row);
    const at::Tensor gradient = torch::autograd::grad({truth.logits[1]}, {truth.word})[0];
    const at::Tensor words = truth.Get("embeddings.word_embeddings.weight");
    at::Tensor estimates = at::matmul(gradient, words.t()) - (gradient * truth.word.detach()).sum(-1, true);
    for (int64_t t = 0; t < estimates.size(0); ++t) {
      for (int64_t v = 0; v < config_.vocab_size; ++v) {
        const bool is_own = row.token_ids[static_cast<size_t>(t)] == v;
        if (is_own || allowed_[static_cast<size_t>(v)] == 0) estimates[t][v].fill_(INFINITY);
      }
    }
    return estimates;
  }

  void ExpectTheBest(const Row& row, const RowResult& result) const {
    const at::Tensor truth = AllEstimates(row);
    const std::vector<int32_t>& tokens = row.wanted.substitutions->tokens;
    ASSERT_EQ(result.substitutions.size(), tokens.size());
    for (size_t i = 0; i < tokens.size(); ++i) {
      const Substitutions& found = result.substitutions[i];
      EXPECT_EQ(found.token, tokens[i]);
      const at::Tensor own = truth[tokens[i]];
      const int64_t count = row.wanted.substitutions->count;
      ASSERT_EQ(static_cast<int64_t>(found.ids.size()), count);
      const at::Tensor best = std::get<0>(own.topk(count, -1, /*largest=*/false));
      for (int64_t k = 0; k < count; ++k) {
        const auto index = static_cast<size_t>(k);
        const double scale = 1e-5 * std::max(1.0, own.masked_fill(own == INFINITY, 0).abs().max().item<double>());
        EXPECT_NEAR(found.estimates[index], best[k].item<double>(), scale);
        EXPECT_NEAR(found.estimates[index], own[found.ids[index]].item<double>(), scale);
      }
      std::vector<int32_t> ids = found.ids;
      std::ranges::sort(ids);
      EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
    }
  }

  TinyConfig config_;
  std::unique_ptr<Engine> engine_;
  std::vector<uint8_t> allowed_;
};

TEST_F(SubstitutionRows, GiveTheLowestEstimatesOfAllAllowedWords) {
  const std::vector<Row> searching = {SearchingRow(9, 1, 5, {2, 3, 7}), SearchingRow(6, 2, 40, {5}),
                                      SearchingRow(4, 3, 1, {0, 1, 2, 3})};
  const Row plain = RandomRow(config_, 5, 4, {.kind = Target::Kind::kClass});
  const Row* rows[] = {&searching[0], &plain, &searching[1], &searching[2]};

  const auto results = engine_->Run(rows, nullptr);

  ASSERT_THAT(results, IsOk());
  ExpectTheBest(searching[0], (*results)[0]);
  ExpectTheBest(searching[1], (*results)[2]);
  ExpectTheBest(searching[2], (*results)[3]);
  EXPECT_THAT((*results)[1].substitutions, IsEmpty());
}

TEST_F(SubstitutionRows, GiveFewerWhereFewerAreAllowed) {
  Row row = SearchingRow(5, 1, 4, {1, 2});
  std::vector<uint8_t> few(static_cast<size_t>(config_.vocab_size), 0);
  few[17] = few[2000] = few[static_cast<size_t>(row.token_ids[1])] = 1;
  row.wanted.substitutions->is_allowed = std::make_shared<const std::vector<uint8_t>>(few);
  const Row* rows[] = {&row};

  const auto results = engine_->Run(rows, nullptr);

  ASSERT_THAT(results, IsOk());
  // Its own id is no candidate for token 1; for token 2 it is a word like others.
  EXPECT_EQ((*results)[0].substitutions[0].ids.size(), 2);
  EXPECT_EQ((*results)[0].substitutions[1].ids.size(), 3);
}

}  // namespace
}  // namespace limpid::engine
