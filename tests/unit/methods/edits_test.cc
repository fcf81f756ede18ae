// HotFlip, input reduction and counterfactuals over a linear classifier.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "methods/lib/minimal_part.h"
#include "support/status_matchers.h"
#include "unit/methods/linear_classifier.h"
#include "unit/methods/method_case.h"

namespace limpid::methods {
namespace {

using explain::Edit;
using explain::Edits;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Le;
using testing::LinearClassifier;
using testing::MethodCase;
using ::testing::SizeIs;
using testing::StatusIs;
using Outcome = explain::Edits::Outcome;

constexpr int32_t kBad = 500, kWorse = 501;  // words that the text does not have

// "[CLS] the mon-ey came back [SEP]", tokens 1 to 5: for class 0 by "came" and "back".
class EditsTest : public ::testing::Test {
 protected:
  EditsTest() {
    model_.weights = {{id(4), 3.0f}, {id(5), 2.0f}, {kBad, -4.0f}, {kWorse, -4.5f}};
    model_.bias = 0.5f;
  }

  explain::TokenScores Explain(const std::string& method) {
    text_.rows.clear();
    text_.With(model_(text_.input().base_row));
    return text_.Explain(method, model_);
  }
  Edits Search(const std::string& method) { return *Explain(method).edits; }

  int32_t id(size_t token) const { return text_.id(token); }

  MethodCase text_{"the mon-ey came back"};
  LinearClassifier model_;
};

// Token and what stands there now.
std::vector<std::pair<uint32_t, int32_t>> Places(const Edits& edits) {
  std::vector<std::pair<uint32_t, int32_t>> places;
  for (const Edit& edit : edits.edits) places.emplace_back(edit.unit.begin_token, edit.replacement_id);
  return places;
}

TEST_F(EditsTest, HotFlipPutsTheWorstWordInPlaceOfTheBest) {
  const Edits edits = Search("hot_flip {}");

  EXPECT_EQ(edits.outcome, Outcome::kFound);
  EXPECT_TRUE(edits.is_minimal);
  EXPECT_THAT(Places(edits), ElementsAre(std::pair(4u, kWorse)));
  EXPECT_THAT(edits.token_ids, ElementsAre(1, id(1), id(2), id(3), kWorse, id(5), 2));
  EXPECT_THAT(edits.type_ids, SizeIs(7));
  EXPECT_EQ(edits.text, "the mon-ey #501 back");
  EXPECT_EQ(edits.edits[0].replacement, "#501");
  EXPECT_EQ(edits.edits[0].unit.begin_byte, 11u);
  EXPECT_EQ(edits.edits[0].unit.end_byte, 15u);
  EXPECT_THAT(edits.margin_before, FloatEq(5.5f));
  EXPECT_THAT(edits.margin_after, FloatEq(-2));
  EXPECT_EQ(edits.class_before, 0);
  EXPECT_EQ(edits.class_after, 1);
  EXPECT_THAT(edits.probabilities, ElementsAre(FloatEq(1 / (1 + std::exp(2.0f))), FloatEq(1 / (1 + std::exp(-2.0f)))));
}

TEST_F(EditsTest, HotFlipScoresTokensByTheBestEditTried) {
  const explain::TokenScores scores = Explain("hot_flip {}");

  EXPECT_THAT(scores.scores, ElementsAre(0, 4.5f, 4.5f, 4.5f, 7.5f, 6.5f, 0));
  EXPECT_EQ(scores.card.form, "beam 4");
  EXPECT_TRUE(scores.card.is_signed);
  EXPECT_EQ(scores.card.attach_point, engine::AttachPoint::kWordEmbedding);
}

TEST_F(EditsTest, HotFlipTrustsPassesAndNotEstimates) {
  // By the estimates harmless ids are the best ones, of every token.
  model_.estimate_error = [](int32_t id) { return id < 7 ? -20.0f : 0.0f; };

  const Edits edits = Search("hot_flip { candidates: 9 }");

  EXPECT_EQ(edits.outcome, Outcome::kFound);
  EXPECT_THAT(Places(edits), ElementsAre(std::pair(4u, kWorse)));
}

TEST_F(EditsTest, HotFlipMakesAsManyEditsAsItTakesAndNoMore) {
  model_.bias = 5;  // 10 in all: no single edit turns it, "came" and "back" together do
  const Edits edits = Search("hot_flip {}");

  EXPECT_EQ(edits.outcome, Outcome::kFound);
  EXPECT_TRUE(edits.is_minimal);
  EXPECT_THAT(Places(edits), ElementsAre(std::pair(4u, kWorse), std::pair(5u, kWorse)));
  EXPECT_THAT(edits.margin_after, FloatEq(-4));
}

TEST_F(EditsTest, WhatIsKeptIsNotTouchedNorAreSpecialTokens) {
  // All but "the".
  const Edits edits = Search("hot_flip { limits { keep { begin_byte: 5 end_byte: 20 } } }");

  EXPECT_THAT(Places(edits), ElementsAre(std::pair(1u, kWorse)));
  EXPECT_EQ(edits.outcome, Outcome::kNotFound);
  EXPECT_FALSE(edits.is_minimal);
  EXPECT_EQ(edits.class_after, 0);
  EXPECT_THAT(edits.margin_after, FloatEq(1));
}

TEST_F(EditsTest, StopsAtMaxEdits) {
  model_.bias = 5;
  const Edits edits = Search("hot_flip { limits { max_edits: 1 max_rows: 8192 } }");

  EXPECT_EQ(edits.outcome, Outcome::kNotFound);
  EXPECT_THAT(Places(edits), ElementsAre(std::pair(4u, kWorse)));
}

TEST_F(EditsTest, StopsAtMaxRows) {
  model_.bias = 50;
  for (const char* method : {"hot_flip", "counterfactual"}) {
    const Edits edits = Search(absl::StrCat(method, " { limits { max_rows: 37 } }"));
    EXPECT_EQ(edits.outcome, Outcome::kBudgetSpent) << method;
    EXPECT_THAT(text_.rows, SizeIs(Le(37))) << method;
    EXPECT_LT(edits.margin_after, edits.margin_before) << method;
  }
  EXPECT_THAT(Search("hot_flip { limits { max_rows: 1 } }").edits, IsEmpty());
}

TEST_F(EditsTest, ExpectsNoLessThanItTakes) {
  model_.bias = 50;
  for (const char* method :
       {"hot_flip { limits { max_rows: 100 } }", "counterfactual { limits { max_rows: 100 } }", "input_reduction {}"}) {
    uint32_t expected = 0;
    for (const explain::Forecast& forecast : testing::MakeMethod(method)->Expect(text_.input())) {
      expected += forecast.rows;
    }
    Search(method);
    EXPECT_GE(expected, text_.rows.size()) << method;
    EXPECT_LE(expected, 100u) << method;
  }
}

TEST_F(EditsTest, ADecisionThatIsAnotherOneAlreadyNeedsNoEdits) {
  text_.Toward({.kind = engine::Target::Kind::kClass, .class_index = 1});

  const Edits edits = Search("hot_flip {}");

  EXPECT_EQ(edits.outcome, Outcome::kFound);
  EXPECT_THAT(edits.edits, IsEmpty());
  EXPECT_THAT(text_.rows, IsEmpty());
  EXPECT_THAT(edits.margin_before, FloatEq(-5.5f));
  EXPECT_EQ(edits.text, "the mon-ey came back");
  EXPECT_EQ(Search("input_reduction {}").outcome, Outcome::kNotFound);
}

TEST_F(EditsTest, BackwardRowsAreTowardTheMarginAndForwardRowsWantNothing) {
  Search("hot_flip {}");

  const engine::Row& first = text_.rows.front();
  EXPECT_EQ(first.target.kind, engine::Target::Kind::kContrast);
  EXPECT_EQ(first.target.class_index, 0);
  EXPECT_EQ(first.target.foil_index, engine::Target::kRunnerUp);
  EXPECT_EQ(first.target.score, engine::Score::kLogit);
  EXPECT_THAT(first.wanted.substitutions->tokens, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(first.wanted.substitutions->count, 8);
  for (size_t i = 1; i < text_.rows.size(); ++i) EXPECT_EQ(text_.rows[i].wanted, engine::Wanted());

  text_.Toward({.kind = engine::Target::Kind::kContrast, .class_index = 0});
  Search("hot_flip {}");
  EXPECT_EQ(text_.rows.front().target.foil_index, 1) << "the foil of the whole input";
}

TEST_F(EditsTest, PiecesAndWordsAreSearchedApart) {
  text_ = MethodCase("pay-##able now");
  Search("hot_flip {}");
  EXPECT_THAT(text_.rows[0].wanted.substitutions->tokens, ElementsAre(1, 3));
  EXPECT_THAT(text_.rows[1].wanted.substitutions->tokens, ElementsAre(2));
  EXPECT_NE(*text_.rows[0].wanted.substitutions->is_allowed, *text_.rows[1].wanted.substitutions->is_allowed);

  Search("hot_flip { words_only: true }");
  EXPECT_THAT(text_.rows[0].wanted.substitutions->tokens, ElementsAre(3)) << "no part of a word";

  text_ = MethodCase("pay ##able now");
  Search("hot_flip { words_only: true }");
  EXPECT_THAT(text_.rows[0].wanted.substitutions->tokens, ElementsAre(1, 3)) << "what follows is another word";
}

TEST_F(EditsTest, CounterfactualTakesWordsOut) {
  model_.bias = -4;
  const explain::TokenScores scores = Explain("counterfactual { no_substitutions: true }");

  EXPECT_EQ(scores.edits->outcome, Outcome::kFound);
  EXPECT_TRUE(scores.edits->is_minimal);
  EXPECT_THAT(Places(*scores.edits), ElementsAre(std::pair(4u, -1)));
  EXPECT_THAT(scores.edits->token_ids, ElementsAre(1, id(1), id(2), id(3), id(5), 2));
  EXPECT_EQ(scores.edits->text, "the mon-ey  back");
  EXPECT_EQ(scores.edits->edits[0].replacement, "");
  EXPECT_THAT(scores.scores, ElementsAre(0, 0, 0, 0, 3, 2, 0));
  EXPECT_EQ(scores.card.replacement, explain::Replacement::kDelete);
  EXPECT_FALSE(scores.card.attach_point.has_value());
}

TEST_F(EditsTest, CounterfactualTakesWholeWordsOutAndSharesTheirScores) {
  model_.weights = {{id(2), 1.0f}, {id(3), 3.0f}};
  model_.bias = -1;
  const explain::TokenScores scores = Explain("counterfactual { no_substitutions: true }");

  EXPECT_THAT(Places(*scores.edits), ElementsAre(std::pair(2u, -1)));
  EXPECT_EQ(scores.edits->edits[0].unit.end_token, 4u);
  EXPECT_EQ(scores.edits->text, "the  came back");
  EXPECT_THAT(scores.scores, ElementsAre(0, 0, 2, 2, 0, 0, 0));
}

TEST_F(EditsTest, CounterfactualMixesBothUnlessForbidden) {
  model_.bias = 2;
  model_.weights[kBad] = model_.weights[kWorse] = -2;
  // 7 in all; a substitution of "came" takes 5, and "back" 2 without it, 4 with one.
  EXPECT_THAT(Search("counterfactual {}").edits, SizeIs(2));
  EXPECT_EQ(Search("counterfactual { no_substitutions: true }").outcome, Outcome::kNotFound);
  for (const Edit& edit : Search("counterfactual { no_deletions: true }").edits) EXPECT_NE(edit.replacement_id, -1);
  EXPECT_THAT(text_.Check("counterfactual { no_deletions: true no_substitutions: true }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("counterfactual.no_substitutions: is set")));
}

TEST_F(EditsTest, ReductionTakesOutWhatTheDecisionDoesNotNeed) {
  model_.bias = -1;  // either of "came" and "back" is enough
  const explain::TokenScores scores = Explain("input_reduction {}");

  EXPECT_EQ(scores.edits->outcome, Outcome::kFound);
  EXPECT_TRUE(scores.edits->is_minimal);
  EXPECT_THAT(scores.edits->token_ids, ElementsAre(1, id(4), 2));
  EXPECT_THAT(Places(*scores.edits), ElementsAre(std::pair(1u, -1), std::pair(2u, -1), std::pair(5u, -1)));
  EXPECT_THAT(scores.edits->margin_after, FloatEq(2));
  EXPECT_EQ(scores.edits->class_after, 0);
  EXPECT_THAT(scores.scores, ElementsAre(0, 0, 0, 0, 3, 2, 0));
  EXPECT_EQ(scores.card.units, 4u);
}

TEST_F(EditsTest, ReductionKeepsToItsLimits) {
  EXPECT_THAT(Search("input_reduction {}").token_ids, ElementsAre(1, 2)) << "the bias alone is enough";
  model_.bias = -1;
  const Edits two = Search("input_reduction { limits { max_edits: 2 } }");
  EXPECT_THAT(two.edits, SizeIs(2));
  EXPECT_FALSE(two.is_minimal);
  EXPECT_EQ(two.outcome, Outcome::kFound);
  const Edits kept = Search("input_reduction { limits { keep { begin_byte: 0 end_byte: 1 } } }");
  EXPECT_THAT(kept.token_ids, ElementsAre(1, id(1), id(4), 2));
  EXPECT_TRUE(kept.is_minimal);
  const Edits spent = Search("input_reduction { limits { max_rows: 5 } }");
  EXPECT_EQ(spent.outcome, Outcome::kBudgetSpent);
  EXPECT_THAT(text_.rows, SizeIs(5));
  model_.weights[id(1)] = model_.weights[id(2)] = 1;
  model_.bias = -6.5;
  EXPECT_EQ(Search("input_reduction {}").outcome, Outcome::kNotFound) << "every word is needed";
}

TEST_F(EditsTest, IdsOfTheCallersChoiceNeedNoText) {
  text_ = MethodCase(2);
  model_.weights = {{7, 1.0f}};
  model_.bias = 0.5f;

  const Edits edits = Search("counterfactual { no_substitutions: true }");

  EXPECT_EQ(edits.outcome, Outcome::kNotFound) << "a token has to be left";
  EXPECT_THAT(edits.token_ids, ElementsAre(7));
  EXPECT_EQ(edits.text, "");
  EXPECT_THAT(Search("input_reduction {}").token_ids, ElementsAre(7));
}

TEST(EditsOfALongText, ComeInRoundsOfAFewHundredRows) {
  std::string text;
  for (int i = 0; i < 90; ++i) absl::StrAppend(&text, "w", i, " ");
  MethodCase long_text(text);
  LinearClassifier model;
  model.bias = 1e6;
  const engine::RowResult base = model(long_text.input().base_row);
  const auto method = testing::MakeMethod("counterfactual { limits { max_rows: 8192 max_edits: 2 } }");
  std::vector<engine::RowResult> results;
  size_t most = 0;
  for (;;) {
    const auto step = method->Fold(long_text.input(), base, results);
    ASSERT_THAT(step, IsOk());
    if (step->more_rows.empty()) break;
    most = std::max(most, step->more_rows.size());
    results.clear();
    for (const engine::Row& row : step->more_rows) results.push_back(model(row));
  }
  EXPECT_EQ(most, Trials::kMaxRowsAtOnce);
}

TEST_F(EditsTest, TheSmallestPartIsReturnedWherePartsTurnTheDecision) {
  const Changes three = {{1, 2, kBad}, {4, 5, kBad}, {5, 6, kBad}};
  // Turned by the third change alone, and by the first two together.
  const auto run = [&](const engine::Row& row) {
    engine::RowResult result = model_(row);
    const auto is_bad = [&](size_t token) { return row.token_ids[token] == kBad; };
    result.prediction.logits = {is_bad(5) || (is_bad(1) && is_bad(4)) ? -1.0f : 1.0f, 0};
    return result;
  };
  const engine::RowResult base = run(text_.input().base_row);
  const auto shrink = [&](const Changes& changes, uint32_t max_rows) {
    Trials trials(text_.input(), base.prediction, max_rows);
    MinimalPart part(changes);
    while (!part.Advance(&trials)) {
      std::vector<engine::RowResult> results;
      for (const engine::Row& row : trials.NextRows(text_.input())) results.push_back(run(row));
      trials.Take(results);
    }
    return part;
  };

  EXPECT_EQ(shrink(three, 100).changes(), Changes({three[2]}));
  EXPECT_TRUE(shrink(three, 100).is_minimal());
  const Changes two = {three[0], three[1]};
  EXPECT_EQ(shrink(two, 2).changes(), two);
  EXPECT_TRUE(shrink(two, 2).is_minimal());
  EXPECT_FALSE(shrink(two, 1).is_minimal()) << "one part was not tried";
}

TEST_F(EditsTest, OptionsOutOfRangeAreRefused) {
  const auto refuses = [&](const char* method, const char* message) {
    EXPECT_THAT(text_.Check(method), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  refuses("hot_flip { limits { max_edits: 65 } }", "hot_flip.limits.max_edits: is 65, must be in [1, 64]");
  refuses("hot_flip { limits { max_rows: 8193 } }", "limits.max_rows: is 8193, must be in [1, 8192]");
  refuses("input_reduction { limits { beam_width: 33 } }", "limits.beam_width: is 33, must be in [1, 32]");
  refuses("counterfactual { candidates: 65 }", "candidates: is 65, must be in [1, 64]");
  refuses("hot_flip { limits { keep { begin_byte: 3 end_byte: 99 } } }", "limits.keep[0]: is [3, 99), must not be");
}

TEST_F(EditsTest, WithoutADecisionThereIsNothingToSearchFor) {
  using Task = engine::ModelCard::Task;
  const auto refusal = [&](Task task) {
    text_.model.task = task;
    return text_.Check("hot_flip {}");
  };
  const auto code = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(refusal(Task::kClassification), IsOk());
  EXPECT_THAT(refusal(Task::kRegression), StatusIs(code, HasSubstr("model: is a regression, edits are searched for")));
  EXPECT_THAT(refusal(Task::kMultiLabel), StatusIs(code, HasSubstr("model: has several labels that hold at once")));
  EXPECT_THAT(refusal(Task::kEmbedding), StatusIs(code, HasSubstr("model: gives embeddings")));
  text_.Toward({.kind = engine::Target::Kind::kMeanOutput});
  EXPECT_THAT(refusal(Task::kClassification), StatusIs(code, HasSubstr("target: must be a class or a contrast")));
}

}  // namespace
}  // namespace limpid::methods
