#include "lib/gather.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Parts = std::vector<v1::ExplainResponse>;

const std::vector<float> kScores = {9, 1, 0, 4, 2, 0};

std::string Problem(const Parts& parts, int num_methods = 0) {
  const auto explanation = Gather(SampleRequest(num_methods), parts);
  if (explanation.ok()) return "none";
  EXPECT_EQ(explanation.status().code(), absl::StatusCode::kDataLoss);
  return std::string(explanation.status().message());
}

float ValueAt(const AttentionMaps& maps, size_t index) {
  float value;
  std::memcpy(&value, maps.data.data() + index * sizeof(value), sizeof(value));
  return value;
}

TEST(Gatherer, PutsAWholeAnswerTogether) {
  const Explanation explanation = SampleExplanation();

  EXPECT_EQ(explanation.prediction.tokens_size(), 6);
  ASSERT_EQ(explanation.attributions.size(), 2u);
  EXPECT_TRUE(explanation.attributions[1].has_heads());
  ASSERT_EQ(explanation.attention.size(), 2u);
  EXPECT_EQ(explanation.attention[1].layer, 3u);
  EXPECT_THAT(explanation.attention[1].heads, ElementsAre(0, 1));
  EXPECT_EQ(explanation.summary.tokens(), 6u);
}

TEST(Gatherer, JoinsQueryRowsAndHeadsOfALayer) {
  const auto explanation = Gather(
      SampleRequest(0), {SamplePrediction(), SampleChunk({0, {4}, 0, 4, 0, 4}), SampleChunk({0, {4}, 4, 2, 1, 4}),
                         SampleChunk({0, {7}, 0, 4, 2, 4}), SampleChunk({0, {7}, 4, 2, 3, 4}), SampleSummary()});

  ASSERT_TRUE(explanation.ok()) << explanation.status();
  ASSERT_EQ(explanation->attention.size(), 1u);
  const AttentionMaps& maps = explanation->attention[0];
  EXPECT_THAT(maps.heads, ElementsAre(4, 7));
  EXPECT_EQ(ValueAt(maps, 0), 0.0f);
  EXPECT_EQ(ValueAt(maps, 4 * 6), 1.0f) << "row 4 of head 4";
  EXPECT_EQ(ValueAt(maps, 6 * 6), 2.0f) << "row 0 of head 7";
}

TEST(Gatherer, AMeanOverHeadsIsOneMap) {
  v1::ExplainResponse chunk = SampleChunk({0, {0}, 0, 6, 0, 1});
  chunk.mutable_attention()->set_mean_over_heads(true);
  for (const uint32_t head : {1u, 2u}) chunk.mutable_attention()->add_heads(head);

  const auto explanation = Gather(SampleRequest(0), {SamplePrediction(), chunk, SampleSummary()});

  ASSERT_TRUE(explanation.ok()) << explanation.status();
  EXPECT_EQ(explanation->attention[0].num_maps(), 1u);
  EXPECT_THAT(explanation->attention[0].heads, ElementsAre(0, 1, 2));
}

TEST(Gatherer, AStreamWithoutSummaryIsIncomplete) {
  EXPECT_THAT(Problem({SamplePrediction()}), HasSubstr("ended without a summary"));
  EXPECT_THAT(Problem({}), HasSubstr("ended without a summary"));
}

TEST(Gatherer, PartsInAnotherOrderAreRefused) {
  EXPECT_THAT(Problem({SampleSummary()}), HasSubstr("wrong order"));
  EXPECT_THAT(Problem({SamplePrediction(), SamplePrediction()}), HasSubstr("wrong order"));
  EXPECT_THAT(Problem({SamplePrediction(), SampleSummary(), SampleSummary()}), HasSubstr("after the summary"));
}

TEST(Gatherer, PartsOfALaterContractArePassedOver) {
  const v1::ExplainResponse unknown;

  EXPECT_EQ(Problem({unknown, SamplePrediction(), unknown, SampleSummary(), unknown}), "none");
}

TEST(Gatherer, MissingAndSurplusAttributionsAreRefused) {
  EXPECT_THAT(Problem({SamplePrediction(), SampleSummary()}, 1), HasSubstr("0 attributions came for 1 methods"));
  EXPECT_THAT(Problem({SamplePrediction(), SampleAttribution(0, kScores)}, 0), HasSubstr("attribution 0 of 0"));
  EXPECT_THAT(Problem({SamplePrediction(), SampleAttribution(1, kScores)}, 2), HasSubstr("says it is number 1"));
}

TEST(Gatherer, AttentionMayComeBeforeThePrediction) {
  EXPECT_EQ(Problem({SampleChunk({0, {0}, 0, 6, 0, 1}), SamplePrediction(), SampleSummary()}), "none");
}

TEST(Gatherer, WhatASummarySaysIsMissingMayBeMissing) {
  v1::ExplainResponse partial = SampleSummary();
  partial.mutable_summary()->set_partial(true);
  partial.mutable_summary()->add_missing_methods(0);
  partial.mutable_summary()->add_missing_attention_layers(1);
  EXPECT_EQ(Problem({SampleChunk({0, {0}, 0, 6, 0, 2}), SamplePrediction(), partial}, 1), "none");
  EXPECT_THAT(Problem({SamplePrediction(), partial}, 2), HasSubstr("0 attributions came for 2 methods"));

  v1::ExplainResponse unmet = SampleSummary();
  unmet.mutable_summary()->set_condition_unmet(true);
  EXPECT_EQ(Problem({SamplePrediction(), unmet}, 3), "none");
}

TEST(Gatherer, MissingChunksAreRefused) {
  EXPECT_THAT(Problem({SamplePrediction(), SampleChunk({0, {0}, 0, 6, 0, 2}), SampleSummary()}),
              HasSubstr("1 of 2 attention chunks came"));
  EXPECT_THAT(Problem({SamplePrediction(), SampleChunk({0, {0}, 0, 4, 0, 1}), SampleSummary()}),
              HasSubstr("layer 0 lacks query rows"));
}

TEST(Gatherer, ChunksOutOfOrderAreRefused) {
  EXPECT_THAT(Problem({SamplePrediction(), SampleChunk({0, {0}, 0, 6, 1, 2})}), HasSubstr("where chunk 0 was due"));
  EXPECT_THAT(Problem({SamplePrediction(), SampleChunk({0, {0}, 0, 6, 0, 2}), SampleChunk({1, {0}, 0, 6, 0, 2})}),
              HasSubstr("where chunk 1 was due"));
  EXPECT_THAT(Problem({SamplePrediction(), SampleChunk({0, {0}, 0, 6, 0, 1}), SampleChunk({1, {0}, 0, 6, 1, 2})}),
              HasSubstr("where chunk 1 was due"));
  EXPECT_THAT(Problem({SamplePrediction(), SampleChunk({0, {0}, 0, 3, 0, 2}), SampleChunk({0, {0}, 4, 2, 1, 2})}),
              HasSubstr("begins at query 4 instead of 3"));
}

TEST(Gatherer, ChunksWhoseShapeDoesNotFitAreRefused) {
  v1::ExplainResponse short_data = SampleChunk({0, {0}, 0, 6, 0, 1});
  short_data.mutable_attention()->mutable_data()->pop_back();
  EXPECT_THAT(Problem({SamplePrediction(), short_data}), HasSubstr("143 bytes instead of 144"));

  v1::ExplainResponse flat = SampleChunk({0, {0}, 0, 6, 0, 1});
  flat.mutable_attention()->mutable_shape()->RemoveLast();
  EXPECT_THAT(Problem({SamplePrediction(), flat}), HasSubstr("2 dimensions instead of 3"));

  v1::ExplainResponse unnamed = SampleChunk({0, {0, 1}, 0, 6, 0, 1});
  unnamed.mutable_attention()->mutable_heads()->RemoveLast();
  EXPECT_THAT(Problem({SamplePrediction(), unnamed}), HasSubstr("names 1 heads and carries 2"));

  v1::ExplainResponse keys = SampleChunk({0, {0}, 0, 6, 0, 1});
  keys.mutable_attention()->set_shape(1, 5);
  keys.mutable_attention()->set_shape(2, 5);
  keys.mutable_attention()->mutable_data()->resize(5 * 5 * 4);
  EXPECT_THAT(Problem({SamplePrediction(), keys, SampleSummary()}), HasSubstr("5 keys for 6 tokens"));

  EXPECT_THAT(Problem({SamplePrediction(), SampleChunk({0, {0, 1}, 0, 3, 0, 1})}),
              HasSubstr("3 query rows of 2 heads"));

  v1::ExplainResponse encoding = SampleChunk({0, {0}, 0, 6, 0, 1});
  encoding.mutable_attention()->set_encoding(v1::ENCODING_UNSPECIFIED);
  EXPECT_THAT(Problem({SamplePrediction(), encoding}), HasSubstr("unknown encoding 0"));
}

TEST(Gatherer, TheLargestKeysComeWithTheirPositions) {
  const Explanation explanation = SampleTopKeys();

  ASSERT_EQ(explanation.attention.size(), 1u);
  const AttentionMaps& maps = explanation.attention[0];
  EXPECT_EQ(maps.num_tokens, 6u);
  EXPECT_EQ(maps.num_keys, 2u);
  EXPECT_EQ(ValueAt(maps, 3), 0.25f);
  EXPECT_EQ(maps.key_positions.substr(4, 4), std::string("\1\0\5\0", 4)) << "of the second query";
}

TEST(Gatherer, KeyPositionsThatDoNotFitAreRefused) {
  const auto problem_with = [](auto change) {
    v1::ExplainResponse part = SampleTopKeysChunk();
    change(part.mutable_attention());
    return Problem({SamplePrediction(), part, SampleSummary()});
  };

  EXPECT_THAT(problem_with([](v1::AttentionChunk* chunk) { chunk->mutable_key_positions()->pop_back(); }),
              HasSubstr("23 bytes of key positions for 12 values"));
  EXPECT_THAT(problem_with([](v1::AttentionChunk* chunk) { chunk->mutable_key_positions()->at(2) = 6; }),
              HasSubstr("names key 6 of 6 tokens"));
  EXPECT_THAT(problem_with([](v1::AttentionChunk* chunk) { chunk->set_num_tokens(5); }),
              HasSubstr("6 query rows of 1 heads"));
  EXPECT_THAT(problem_with([](v1::AttentionChunk* chunk) { chunk->clear_key_positions(); }),
              HasSubstr("6 query rows of 1 heads"));
  EXPECT_THAT(problem_with([](v1::AttentionChunk* chunk) {
                chunk->set_shape(2, 7);
                chunk->mutable_data()->resize(6 * 7 * 4);
                chunk->mutable_key_positions()->resize(6 * 7 * 2);
              }),
              HasSubstr("7 keys of 6 tokens"));
}

TEST(Gatherer, UnitsBeyondTheTokensOrTheTextAreRefused) {
  v1::ExplainResponse tokens = SampleAttribution(0, kScores);
  tokens.mutable_attribution()->mutable_units(5)->set_end_token(7);
  EXPECT_THAT(Problem({SamplePrediction(), tokens}, 1), HasSubstr("tokens 5 to 7 of 6"));

  v1::ExplainResponse bytes = SampleAttribution(0, kScores);
  bytes.mutable_attribution()->mutable_units(4)->set_end_byte(13);
  EXPECT_THAT(Problem({SamplePrediction(), bytes}, 1), HasSubstr("bytes 8 to 13 of a text of 12"));

  v1::ExplainResponse pair = SampleAttribution(0, kScores);
  pair.mutable_attribution()->mutable_units(4)->set_sequence(1);
  EXPECT_THAT(Problem({SamplePrediction(), pair}, 1), HasSubstr("of a text of 0"));

  v1::ExplainResponse surplus = SampleAttribution(0, kScores);
  surplus.mutable_attribution()->add_scores(1);
  EXPECT_THAT(Problem({SamplePrediction(), surplus}, 1), HasSubstr("7 scores for 6 units"));
}

TEST(Gatherer, EditsBeyondTheTextOrTheClassesAreRefused) {
  const auto problem_with = [](auto change) {
    v1::ExplainResponse part = SampleAttribution(0, kScores);
    v1::Edits* edits = part.mutable_attribution()->mutable_edits();
    v1::Unit* unit = edits->add_edits()->mutable_unit();
    unit->set_begin_token(4);
    unit->set_end_token(5);
    unit->set_begin_byte(8);
    unit->set_end_byte(12);
    edits->set_class_after(1);
    change(edits, unit);
    return Problem({SamplePrediction(), part, SampleSummary()}, 1);
  };

  EXPECT_EQ(problem_with([](v1::Edits*, v1::Unit*) {}), "none");
  EXPECT_THAT(problem_with([](v1::Edits*, v1::Unit* unit) { unit->set_end_byte(13); }), HasSubstr("bytes 8 to 13"));
  EXPECT_THAT(problem_with([](v1::Edits*, v1::Unit* unit) { unit->set_end_token(7); }), HasSubstr("tokens 4 to 7"));
  EXPECT_THAT(problem_with([](v1::Edits* edits, v1::Unit*) { edits->set_class_after(2); }), HasSubstr("class 2 of 2"));
  EXPECT_THAT(problem_with([](v1::Edits* edits, v1::Unit*) { edits->set_class_before(-1); }), HasSubstr("class -1"));
}

TEST(Gatherer, AMatrixMustHaveAValueForEachPairOfTokens) {
  v1::ExplainResponse part = SampleAttribution(0, kScores);
  v1::TokenMatrix* matrix = part.mutable_attribution()->mutable_matrix();
  matrix->add_other_tokens();
  matrix->mutable_values()->Resize(7, 0);

  EXPECT_THAT(Problem({SamplePrediction(), part, SampleSummary()}, 1), HasSubstr("7 values for 6 x 1 tokens"));
}

TEST(Gatherer, HeadScoresMustFillTheirGrid) {
  v1::ExplainResponse heads = SampleHeads(0);
  heads.mutable_attribution()->mutable_heads()->set_heads(3);
  EXPECT_THAT(Problem({SamplePrediction(), heads}, 1), HasSubstr("4 head scores for 2 layers of 3 heads"));
}

TEST(Gatherer, ClassesMustAgreeWithEachOther) {
  v1::ExplainResponse labels = SamplePrediction();
  labels.mutable_prediction()->mutable_classes()->add_labels("third");
  EXPECT_THAT(Problem({labels}), HasSubstr("2 logits come with 3"));

  v1::ExplainResponse predicted = SamplePrediction();
  predicted.mutable_prediction()->mutable_classes()->set_predicted_index(2);
  EXPECT_THAT(Problem({predicted}), HasSubstr("class 2 of 2 is predicted"));
}

}  // namespace
}  // namespace limpid::client
