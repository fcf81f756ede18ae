#include "lib/render/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lib/render/models_report.h"
#include "lib/render/prediction_report.h"
#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Palette kPlain(ColorMode::kNone);

std::string Report(const Explanation& explanation, ColorMode mode = ColorMode::kNone,
                   const std::vector<std::string>& saved_to = {}) {
  return ExplanationReport(SampleRequest(2), explanation, saved_to, {Palette(mode), 80, std::nullopt});
}

TEST(ExplanationReport, WithoutColorIsPlainText) {
  EXPECT_EQ(Report(SampleExplanation()),
            "prediction  declined  95.3 %\n"
            "  declined  ████████████████████████████▌     95.3 %   logit 2\n"
            "  approved  █▌                                 4.7 %   logit -1\n"
            "explained   logit of class 0 (declined) = 2\n"
            "\n"
            "saliency  at the word embedding, size only\n"
            "  no    ██████                         1.000\n"
            "  ,                                        0\n"
            "  not   ████████████████████████       4.000\n"
            "  paid  ████████████                   2.000\n"
            "  special tokens: [CLS] 9.000, [SEP] 0 (56.2 % of all)\n"
            "\n"
            "head_importance\n"
            "  % of the largest: 2, layer 1 head 0\n"
            "  layer \\ head   0   1\n"
            "             0  25  12\n"
            "             1 100   0\n"
            "\n"
            "attention   layers 0, 3: 2 heads of 6 x 6 in fp32; --npz or --safetensors FILE keeps them\n"
            "\n"
            "time        11.5 ms in the server: tokenize 0.1, queue 0.5, compute 10.2\n"
            "work        6 tokens; rows: 1 forward, 1 backward\n"
            "model       credit  weights 0123456789ab\n");
}

TEST(ExplanationReport, SaysThatOnlyTheLargestKeysCame) {
  EXPECT_THAT(Report(SampleTopKeys(), ColorMode::kNone),
              HasSubstr("layers 2: 1 heads of 6 x 6, the 2 largest of each row, in fp32"));
}

TEST(ExplanationReport, WithColorDrawsTheTextItself) {
  const std::string report = Report(SampleExplanation(), ColorMode::kTrueColor);

  EXPECT_THAT(report, HasSubstr("  \x1b[48;2;254;224;182;38;2;26;26;26mno\x1b[0m"
                                "\x1b[48;2;247;247;247;38;2;26;26;26m, \x1b[0m"
                                "\x1b[48;2;179;88;6;38;2;255;255;255mnot\x1b[0m"));
}

TEST(ExplanationReport, NamesTheFilesThatHoldTheMaps) {
  const std::string report = Report(SampleExplanation(), ColorMode::kNone, {"dog.npz (3.1 kB)"});

  EXPECT_THAT(report, HasSubstr("\nsaved       dog.npz (3.1 kB)\n"));
  EXPECT_THAT(report, Not(HasSubstr("--npz")));
}

TEST(ExplanationReport, WhatTheServerSaysCannotMoveTheCursor) {
  Explanation explanation = SampleExplanation();
  explanation.prediction.mutable_classes()->set_labels(0, "de\x1b[2Jclined");
  explanation.prediction.mutable_tokens(0)->set_text("[C\x1bLS]");
  explanation.prediction.mutable_target()->set_description("logit\r");
  explanation.attributions[0].mutable_card()->set_method(
      "sali\x1b"
      "ency");
  explanation.summary.mutable_model()->set_name("cre\adit");

  EXPECT_EQ(Report(explanation).find_first_of("\x1b\r\a"), std::string::npos);
}

TEST(ExplanationReport, DescribesAMethodByItsCard) {
  Explanation explanation = SampleExplanation();
  v1::MethodCard* card = explanation.attributions[0].mutable_card();
  card->set_replacement(v1::REPLACEMENT_MASK);
  card->set_form("sampled");
  card->set_samples(512);
  card->set_seed(7);
  card->set_units(4);
  card->set_rows(259);
  EXPECT_THAT(Report(explanation),
              HasSubstr("saliency  at the word embedding, replacement mask, sampled, 512 samples, seed 7,\n"
                        "          4 units, 259 passes, size only\n"));

  card->set_baseline("PAD");
  card->mutable_completeness();
  EXPECT_THAT(Report(explanation),
              AllOf(HasSubstr("baseline PAD"), HasSubstr(", 512\n          nodes, 4"), Not(HasSubstr("seed"))));
}

TEST(ExplanationReport, ShowsWhatBelongsToAMethodBelowIt) {
  Explanation explanation = SampleExplanation();
  v1::Attribution& attribution = explanation.attributions[0];
  attribution.mutable_edits()->set_outcome(v1::Edits::OUTCOME_NOT_FOUND);
  attribution.mutable_matrix()->add_other_tokens()->set_text("yes");
  attribution.mutable_matrix()->mutable_values()->Resize(6, 0.5f);
  attribution.mutable_card()->mutable_completeness();
  explanation.quality.emplace_back();

  const std::string report = Report(explanation);

  size_t place = 0;
  for (const char* part : {"  result    no flip", "  paid  ", "~ yes", "  completeness  ", "  quality  ", "head_imp"}) {
    const size_t found = report.find(part, place);
    ASSERT_NE(found, std::string::npos) << part << " is not behind the one before in\n" << report;
    place = found;
  }
}

TEST(PredictionReport, ManyClassesShowOnlyTheBest) {
  v1::Prediction prediction;
  v1::ClassScores* classes = prediction.mutable_classes();
  for (int i = 0; i < 12; ++i) {
    classes->add_logits(static_cast<float>(i));
    classes->add_probabilities(static_cast<float>(i) / 66);
  }
  classes->set_predicted_index(11);

  const std::string report = PredictionReport({}, prediction, kPlain);

  EXPECT_THAT(report, StartsWith("prediction  class 11  16.7 %\n  class 11  █████ "));
  EXPECT_THAT(report, HasSubstr("  class 7 "));
  EXPECT_THAT(report, Not(HasSubstr("  class 6 ")));
  EXPECT_THAT(report, HasSubstr("  and 7 more classes\n"));
}

TEST(PredictionReport, RegressionsShowTheirValue) {
  v1::Prediction prediction;
  prediction.mutable_classes()->add_logits(0.25f);

  EXPECT_EQ(PredictionReport({}, prediction, kPlain), "prediction  0.25\n");
}

TEST(PredictionReport, EmbeddingsShowTheirFirstValues) {
  v1::Prediction prediction;
  for (int i = 0; i < 8; ++i) prediction.mutable_embedding()->add_values(0.5f);
  prediction.mutable_embedding()->set_normalized(true);

  EXPECT_EQ(PredictionReport({}, prediction, kPlain),
            "embedding   8 values of length 1: 0.5000 0.5000 0.5000 0.5000 0.5000 0.5000 …\n");
}

TEST(PredictionReport, SaysThatTheTextWasShortened) {
  v1::Prediction prediction = SamplePrediction().prediction();
  EXPECT_THAT(PredictionReport({}, prediction, kPlain), Not(HasSubstr("shortened")));
  prediction.set_truncated(true);
  EXPECT_THAT(PredictionReport({}, prediction, kPlain), HasSubstr("shortened to fit the model"));
}

v1::Model CreditModel() {
  v1::Model model;
  model.mutable_identity()->set_name("credit");
  model.mutable_identity()->set_weights_sha256("0123abcd");
  model.set_architecture("BertForSequenceClassification");
  model.set_task("classification");
  for (const char* label : {"declined", "approved"}) model.add_labels(label);
  model.set_num_layers(2);
  model.set_num_heads(4);
  model.set_num_parameters(1'234'567);
  model.mutable_limits()->set_max_tokens(128);
  model.set_device("cpu");
  model.add_methods("saliency");
  model.set_is_default(true);
  return model;
}

TEST(ModelsTable, AlignsItsColumns) {
  v1::ListModelsResponse models;
  *models.add_models() = CreditModel();
  v1::Model* other = models.add_models();
  other->mutable_identity()->set_name("日本語-encoder");
  other->set_task("embedding");

  EXPECT_EQ(ModelsTable(models, kPlain),
            "model           task            parameters  layers x heads  max tokens  device  labels\n"
            "credit *        classification  1.2 M       2 x 4           128         cpu     declined, approved\n"
            "日本語-encoder  embedding       0.0 k       0 x 0           0\n"
            "* answers when no --model is named\n");
}

TEST(ModelReport, SaysAllThatIsKnown) {
  const std::string report = ModelReport(CreditModel(), kPlain);

  EXPECT_THAT(report, StartsWith("model         credit (the default)\n"));
  EXPECT_THAT(report, HasSubstr("architecture  BertForSequenceClassification\n"));
  EXPECT_THAT(report, HasSubstr("labels        declined, approved\n"));
  EXPECT_THAT(report, HasSubstr("weights       sha256 0123abcd\n"));
  EXPECT_THAT(report, HasSubstr("methods       saliency\n"));
}

}  // namespace
}  // namespace limpid::client
