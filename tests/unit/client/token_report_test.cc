#include "lib/render/token_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::HasSubstr;

const Palette kPlain(ColorMode::kNone);
const SentTexts kTexts = {kSampleText, ""};

// "no" and "paid" have a label.
v1::ExplainResponse Labelled() {
  v1::ExplainResponse response = SamplePrediction();
  v1::Prediction* prediction = response.mutable_prediction();
  prediction->mutable_classes()->set_labels(0, std::string(1, 'O'));
  for (const int index : {0, 1, 0, 0, 1, 1}) {
    prediction->mutable_token_classes()->add_predicted_indices(index);
    prediction->mutable_token_classes()->add_logits(index == 0 ? 1.0f : 0.0f);
    prediction->mutable_token_classes()->add_logits(index == 0 ? 0.0f : 1.0f);
  }
  prediction->mutable_target()->set_begin_token(4);
  prediction->mutable_target()->set_end_token(5);
  return response;
}

v1::ExplainResponse Answering(uint32_t begin, uint32_t end) {
  v1::ExplainResponse response = SamplePrediction();
  v1::AnswerSpan* answer = response.mutable_prediction()->mutable_answer();
  for (int i = 0; i < 6; ++i) {
    answer->add_begin_logits(0);
    answer->add_end_logits(0);
  }
  answer->set_begin_token(begin);
  answer->set_end_token(end);
  answer->set_begin_byte(4);
  answer->set_end_byte(12);
  answer->set_probability(0.25f);
  return response;
}

TEST(TokenClassesReport, NamesTheTokensWithALabelAndTheOneThatIsExplained) {
  EXPECT_EQ(TokenClassesReport(kTexts, Labelled().prediction(), kPlain),
            "token       4, paid\n"
            "labels      no approved 73.1 %, paid approved 73.1 %\n");
  v1::ExplainResponse none = Labelled();
  for (int i = 0; i < 6; ++i) none.mutable_prediction()->mutable_token_classes()->set_predicted_indices(i, 0);
  EXPECT_THAT(TokenClassesReport(kTexts, none.prediction(), kPlain), HasSubstr("no token has a label"));
}

TEST(AnswerReport, IsThePieceOfTheText) {
  EXPECT_EQ(AnswerReport(kTexts, Answering(3, 5).prediction(), kPlain),
            "answer      not paid  25.0 %  tokens 3 to 4\n");
}

TEST(Gatherer, TakesTokenLabelsAndAnswersThatFit) {
  EXPECT_TRUE(Gather(SampleRequest(0), {Labelled(), SampleSummary()}).ok());
  EXPECT_TRUE(Gather(SampleRequest(0), {Answering(3, 5), SampleSummary()}).ok());
}

TEST(Gatherer, TokenLabelsThatDoNotFitAreRefused) {
  v1::ExplainResponse short_list = Labelled(), no_label = Labelled(), no_token = Labelled();
  short_list.mutable_prediction()->mutable_token_classes()->mutable_predicted_indices()->RemoveLast();
  no_label.mutable_prediction()->mutable_token_classes()->set_predicted_indices(0, 2);
  no_token.mutable_prediction()->mutable_target()->set_begin_token(6);
  for (const v1::ExplainResponse& wrong : {short_list, no_label, no_token}) {
    EXPECT_FALSE(Gather(SampleRequest(0), {wrong, SampleSummary()}).ok());
  }
}

TEST(Gatherer, AnswersBeyondTheTokensOrTheTextAreRefused) {
  v1::ExplainResponse beyond_text = Answering(3, 5), no_logits = Answering(3, 5);
  beyond_text.mutable_prediction()->mutable_answer()->set_end_byte(13);
  no_logits.mutable_prediction()->mutable_answer()->clear_end_logits();
  for (const v1::ExplainResponse& wrong : {Answering(3, 7), Answering(5, 5), beyond_text, no_logits}) {
    EXPECT_FALSE(Gather(SampleRequest(0), {wrong, SampleSummary()}).ok());
  }
}

}  // namespace
}  // namespace limpid::client
