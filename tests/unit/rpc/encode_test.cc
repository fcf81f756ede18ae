#include "rpc/encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/version.h"
#include "methods/registry.h"
#include "rpc/encode_attribution.h"
#include "rpc/event_part.h"
#include "rpc/wire.h"
#include "support/fake_engine.h"
#include "support/fake_tokenizer.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::ClassifierCard;
using ::limpid::testing::EncoderCard;
using ::limpid::testing::FakeEngine;
using ::limpid::testing::FakeTokenizer;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

std::shared_ptr<const explain::Model> ModelWith(engine::ModelCard card) {
  auto model = std::make_shared<explain::Model>();
  model->name = "m";
  model->tokenizer = std::make_unique<FakeTokenizer>();
  model->engine = std::make_unique<FakeEngine>(std::move(card));
  return model;
}

TEST(Encode, PredictionOfAClassifier) {
  explain::PredictionEvent event;
  text::Token token{.text = "##ab", .id = 12, .type_id = 1, .sequence = 1, .word = 3};
  token.begin_byte = 4, token.end_byte = 7, token.begin_char = 2, token.end_char = 4;
  event.tokens = {token};
  event.truncated = true;
  event.prediction.logits = {-1, 2};
  event.prediction.class_index = 1;
  event.prediction.foil_index = 0;
  event.prediction.target_value = 3;
  event.probabilities = {0.25, 0.75};
  event.target_description = "logit of class 1";
  v1::Prediction encoded;
  encoded.mutable_embedding()->add_values(99);

  EncodePrediction(event, ClassifierCard(), &encoded);

  ASSERT_EQ(encoded.tokens_size(), 1);
  EXPECT_EQ(encoded.tokens(0).text(), "##ab");
  EXPECT_EQ(encoded.tokens(0).id(), 12);
  EXPECT_EQ(encoded.tokens(0).sequence(), 1);
  EXPECT_EQ(encoded.tokens(0).word(), 3);
  EXPECT_FALSE(encoded.tokens(0).is_special());
  EXPECT_EQ(encoded.tokens(0).begin_byte(), 4u);
  EXPECT_EQ(encoded.tokens(0).end_byte(), 7u);
  EXPECT_EQ(encoded.tokens(0).begin_char(), 2u);
  EXPECT_EQ(encoded.tokens(0).end_char(), 4u);
  EXPECT_TRUE(encoded.truncated());
  EXPECT_FALSE(encoded.has_embedding());
  EXPECT_THAT(encoded.classes().logits(), ElementsAre(-1, 2));
  EXPECT_THAT(encoded.classes().probabilities(), ElementsAre(0.25, 0.75));
  EXPECT_THAT(encoded.classes().labels(), ElementsAre("approved", "declined"));
  EXPECT_EQ(encoded.classes().predicted_index(), 1);
  EXPECT_EQ(encoded.target().description(), "logit of class 1");
  EXPECT_EQ(encoded.target().class_index(), 1);
  EXPECT_EQ(encoded.target().foil_index(), 0);
  EXPECT_EQ(encoded.target().value(), 3);
}

engine::ModelCard CardOf(engine::ModelCard::Task task) {
  engine::ModelCard card = ClassifierCard();
  card.task = task;
  if (task == engine::ModelCard::Task::kQuestionAnswering) card.labels.clear();
  return card;
}

TEST(Encode, LabelsOfAllTokensComeBesideTheClassesOfOne) {
  explain::PredictionEvent event;
  event.tokens.resize(2);
  event.prediction.token_logits = {3, 1, -1, 2};
  event.prediction.logits = {-1, 2};
  event.prediction.target_tokens = {1, 2};
  v1::Prediction encoded;

  EncodePrediction(event, CardOf(engine::ModelCard::Task::kTokenClassification), &encoded);

  EXPECT_EQ(encoded.classes().predicted_index(), 1);
  EXPECT_THAT(encoded.token_classes().logits(), ElementsAre(3, 1, -1, 2));
  EXPECT_THAT(encoded.token_classes().predicted_indices(), ElementsAre(0, 1));
  EXPECT_EQ(encoded.target().begin_token(), 1u);
  EXPECT_EQ(encoded.target().end_token(), 2u);
}

TEST(Encode, AnAnswerSaysWhereItStandsInItsText) {
  explain::PredictionEvent event;
  event.tokens.resize(3);
  event.tokens[1].sequence = event.tokens[2].sequence = 1;
  event.tokens[1].begin_byte = 4, event.tokens[1].begin_char = 3;
  event.tokens[2].end_byte = 9, event.tokens[2].end_char = 8;
  event.prediction.token_logits = {0, 1, 2, 3, 4, 5};
  event.prediction.answer = event.prediction.target_tokens = {1, 3};
  event.answer_probability = 0.5f;
  v1::Prediction encoded;

  EncodePrediction(event, CardOf(engine::ModelCard::Task::kQuestionAnswering), &encoded);

  const v1::AnswerSpan& answer = encoded.answer();
  EXPECT_THAT(answer.begin_logits(), ElementsAre(0, 2, 4));
  EXPECT_THAT(answer.end_logits(), ElementsAre(1, 3, 5));
  EXPECT_EQ(answer.begin_token(), 1u);
  EXPECT_EQ(answer.end_token(), 3u);
  EXPECT_EQ(answer.sequence(), 1);
  EXPECT_EQ(answer.begin_byte(), 4u);
  EXPECT_EQ(answer.end_byte(), 9u);
  EXPECT_EQ(answer.begin_char(), 3u);
  EXPECT_EQ(answer.end_char(), 8u);
  EXPECT_FLOAT_EQ(answer.probability(), 0.5f);
}

TEST(Encode, PredictionOfAnEncoder) {
  explain::PredictionEvent event;
  event.prediction.embedding = {0.5, -0.5};
  engine::ModelCard card = EncoderCard();
  card.embedding_normalized = true;
  v1::Prediction encoded;

  EncodePrediction(event, card, &encoded);

  EXPECT_FALSE(encoded.has_classes());
  EXPECT_THAT(encoded.embedding().values(), ElementsAre(0.5, -0.5));
  EXPECT_TRUE(encoded.embedding().normalized());
  EXPECT_EQ(encoded.target().class_index(), -1);
}

TEST(Encode, AttributionOfTokens) {
  explain::AttributionEvent event;
  event.method_index = 2;
  event.card.method = "saliency";
  event.card.attach_point = engine::AttachPoint::kEmbeddingOutput;
  event.card.reduction = explain::Reduction::kMeanAbs;
  event.card.is_signed = true;
  event.card.sum_abs = 1.5;
  event.scores = {0.5, -1};
  event.units = {{.begin_token = 0, .end_token = 1, .is_special = true},
                 {.begin_token = 1,
                  .end_token = 3,
                  .sequence = 0,
                  .begin_byte = 5,
                  .end_byte = 9,
                  .begin_char = 4,
                  .end_char = 7}};
  v1::Attribution encoded;

  EncodeAttribution(event, &encoded);

  EXPECT_EQ(encoded.method_index(), 2u);
  EXPECT_EQ(encoded.card().method(), "saliency");
  EXPECT_EQ(encoded.card().attach_point(), v1::ATTACH_POINT_EMBEDDING_OUTPUT);
  EXPECT_EQ(encoded.card().reduction(), v1::REDUCTION_MEAN_ABS);
  EXPECT_TRUE(encoded.card().is_signed());
  EXPECT_EQ(encoded.card().layer(), -1);
  EXPECT_EQ(encoded.card().query_token(), -1);
  EXPECT_TRUE(encoded.card().depends_on_target());
  EXPECT_EQ(encoded.card().sum_abs(), 1.5);
  EXPECT_THAT(encoded.scores(), ElementsAre(0.5, -1));
  ASSERT_EQ(encoded.units_size(), 2);
  EXPECT_TRUE(encoded.units(0).is_special());
  EXPECT_EQ(encoded.units(0).sequence(), -1);
  EXPECT_EQ(encoded.units(1).begin_token(), 1u);
  EXPECT_EQ(encoded.units(1).end_token(), 3u);
  EXPECT_EQ(encoded.units(1).begin_byte(), 5u);
  EXPECT_EQ(encoded.units(1).end_byte(), 9u);
  EXPECT_EQ(encoded.units(1).begin_char(), 4u);
  EXPECT_EQ(encoded.units(1).end_char(), 7u);
  EXPECT_FALSE(encoded.has_heads());
}

TEST(Encode, AttributionOfHeads) {
  explain::AttributionEvent event;
  event.card.method = "head_importance";
  event.head_scores = testing::FakeTensor({3, 2}, 1);
  v1::Attribution encoded;

  EncodeAttribution(event, &encoded);

  EXPECT_EQ(encoded.card().attach_point(), v1::ATTACH_POINT_UNSPECIFIED);
  EXPECT_EQ(encoded.heads().layers(), 3u);
  EXPECT_EQ(encoded.heads().heads(), 2u);
  EXPECT_THAT(encoded.heads().scores(), ::testing::ElementsAreArray(event.head_scores.values));
}

TEST(Encode, Summary) {
  v1::Summary encoded;

  EncodeSummary({.tokenize_ms = 1,
                 .queue_ms = 2,
                 .compute_ms = 3,
                 .total_ms = 7,
                 .rows_forward = 5,
                 .rows_backward = 4,
                 .tokens = 99,
                 .attention_bytes = uint64_t{1} << 33,
                 .model = "m",
                 .weights_sha256 = "c0ffee",
                 .partial = true,
                 .missing_methods = {1, 2},
                 .missing_attention_layers = {5},
                 .condition_unmet = false},
                &encoded);

  EXPECT_TRUE(encoded.partial());
  EXPECT_THAT(encoded.missing_methods(), ElementsAre(1, 2));
  EXPECT_THAT(encoded.missing_attention_layers(), ElementsAre(5));
  EXPECT_FALSE(encoded.condition_unmet());

  EXPECT_EQ(encoded.timings().tokenize_ms(), 1);
  EXPECT_EQ(encoded.timings().queue_ms(), 2);
  EXPECT_EQ(encoded.timings().compute_ms(), 3);
  EXPECT_EQ(encoded.timings().total_ms(), 7);
  EXPECT_EQ(encoded.rows_forward(), 5u);
  EXPECT_EQ(encoded.rows_backward(), 4u);
  EXPECT_EQ(encoded.tokens(), 99u);
  EXPECT_EQ(encoded.attention_bytes(), uint64_t{1} << 33);
  EXPECT_EQ(encoded.model().name(), "m");
  EXPECT_EQ(encoded.model().weights_sha256(), "c0ffee");
  EXPECT_EQ(encoded.server_version(), kVersion);
}

TEST(Encode, ModelWithTheLimitsOfThisServer) {
  v1::Model encoded;

  EncodeModel(*ModelWith(ClassifierCard()), {.max_text_bytes = 10, .max_methods = 3, .max_attention_bytes = 1000}, true,
              &encoded);

  EXPECT_EQ(encoded.identity().name(), "m");
  EXPECT_EQ(encoded.identity().weights_sha256(), "c0ffee");
  EXPECT_EQ(encoded.architecture(), "BertForSequenceClassification");
  EXPECT_EQ(encoded.task(), "classification");
  EXPECT_THAT(encoded.labels(), ElementsAre("approved", "declined"));
  EXPECT_EQ(encoded.num_layers(), 3u);
  EXPECT_EQ(encoded.num_heads(), 2u);
  EXPECT_EQ(encoded.hidden_size(), 5u);
  EXPECT_EQ(encoded.vocab_size(), 1000u);
  EXPECT_EQ(encoded.num_parameters(), 7u);
  EXPECT_EQ(encoded.limits().max_tokens(), 512u);
  EXPECT_EQ(encoded.limits().max_text_bytes(), 10u);
  EXPECT_EQ(encoded.limits().max_methods(), 3u);
  EXPECT_EQ(encoded.limits().max_attention_bytes(), 1000u);
  EXPECT_THAT(encoded.methods(), Contains("saliency"));
  EXPECT_EQ(encoded.device(), "cpu");
  EXPECT_TRUE(encoded.is_default());
}

TEST(Encode, AModelListsLrpOnlyWhereTheBuildHasIt) {
  v1::Model encoded;
  engine::ModelCard card = ClassifierCard();
  EncodeModel(*ModelWith(card), {}, true, &encoded);
  EXPECT_THAT(encoded.methods(), Not(Contains("lrp")));
  EXPECT_EQ(encoded.methods_size() + 1, static_cast<int>(methods::MethodNames().size()));

  card.has_lrp = true;
  EncodeModel(*ModelWith(card), {}, true, &encoded);
  EXPECT_THAT(encoded.methods(), ::testing::ElementsAreArray(methods::MethodNames()));
}

v1::ExplainResponse Parse(const grpc::ByteBuffer& bytes) {
  v1::ExplainResponse response;
  EXPECT_TRUE(ParseMessage(bytes, &response).ok());
  return response;
}

// A stream reuses one buffer for all its parts: nothing of the part before may shine through.
TEST(EventPart, EachPartReplacesTheOneBefore) {
  const auto model = ModelWith(ClassifierCard());
  explain::AttentionEvent attention;
  attention.layer = 1;
  attention.layer_index = 1;
  attention.num_layers = 2;
  attention.heads = {0};
  attention.maps = testing::FakeTensor({1, 600, 600}, 1);
  explain::PredictionEvent prediction;
  prediction.prediction.logits = {1, 2};
  grpc::ByteBuffer bytes;

  EventPart chunks = MakeExplainPart(std::move(attention), model);
  EXPECT_TRUE(chunks(&bytes));
  EXPECT_EQ(Parse(bytes).attention().layer(), 1u);
  EXPECT_EQ(Parse(bytes).attention().chunk_index(), 2u);
  EXPECT_FALSE(chunks(&bytes));
  EXPECT_EQ(Parse(bytes).attention().chunk_index(), 3u);
  EXPECT_EQ(Parse(bytes).attention().chunk_count(), 4u);

  EXPECT_FALSE(MakeExplainPart(std::move(prediction), model)(&bytes));
  EXPECT_TRUE(Parse(bytes).has_prediction());
  EXPECT_FALSE(MakeExplainPart(explain::AttributionEvent{}, model)(&bytes));
  EXPECT_TRUE(Parse(bytes).has_attribution());
  EXPECT_FALSE(MakeExplainPart(explain::SummaryEvent{}, model)(&bytes));
  EXPECT_TRUE(Parse(bytes).has_summary());
}

TEST(EventPart, ShortPartsOvertakeMapsAndTheSummaryFollowsThem) {
  EXPECT_EQ(LengthOf(explain::PredictionEvent{}), MessageWriter::Length::kShort);
  EXPECT_EQ(LengthOf(explain::AttributionEvent{}), MessageWriter::Length::kShort);
  EXPECT_EQ(LengthOf(explain::AttentionEvent{}), MessageWriter::Length::kLong);
  EXPECT_EQ(LengthOf(explain::SummaryEvent{}), MessageWriter::Length::kLong);
}

}  // namespace
}  // namespace limpid::rpc
