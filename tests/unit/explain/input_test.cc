#include "explain/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_engine.h"
#include "support/fake_tokenizer.h"
#include "support/status_matchers.h"

namespace limpid::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr Limits kLimits = {.max_text_bytes = 20};

Model MakeModel(int64_t max_tokens) {
  engine::ModelCard card = testing::ClassifierCard();
  card.max_tokens = max_tokens;
  Model model;
  model.tokenizer = std::make_unique<testing::FakeTokenizer>();
  model.engine = std::make_unique<testing::FakeEngine>(card);
  return model;
}

Input Text(std::string text) {
  Input input;
  input.text = std::move(text);
  return input;
}

Input Ids(std::vector<int32_t> ids, std::vector<int32_t> type_ids = {}) {
  Input input;
  input.token_ids = std::move(ids);
  input.type_ids = std::move(type_ids);
  return input;
}

TEST(CheckInput, NamesTheFieldAndTheLimit) {
  EXPECT_THAT(CheckInput(Text("a b"), kLimits), IsOk());
  EXPECT_THAT(CheckInput(Text(""), kLimits), StatusIs(kInvalid, "input.text: must not be empty"));
  EXPECT_THAT(CheckInput(Text(std::string(20, 'a')), kLimits), IsOk());
  EXPECT_THAT(CheckInput(Text(std::string(21, 'a')), kLimits),
              StatusIs(kInvalid, "input.text: has 21 bytes, at most 20 are allowed"));
  Input pair = Text("a");
  pair.text_pair = std::string(30, 'b');
  EXPECT_THAT(CheckInput(pair, kLimits), StatusIs(kInvalid, "input.text_pair: has 30 bytes, at most 20 are allowed"));
  EXPECT_THAT(CheckSimilarityText("", kLimits), StatusIs(kInvalid, "target.similarity.text: must not be empty"));
}

TEST(CheckInput, TypeIdsMustMatchTheIds) {
  EXPECT_THAT(CheckInput(Ids({1, 5, 2}), kLimits), IsOk());
  EXPECT_THAT(CheckInput(Ids({1, 5, 2}, {0, 0, 1}), kLimits), IsOk());
  EXPECT_THAT(CheckInput(Ids({1, 5, 2}, {0, 0}), kLimits),
              StatusIs(kInvalid, "input.token_ids.type_ids: has 2 entries for 3 ids"));
  EXPECT_THAT(CheckInput(Ids({}), kLimits), StatusIs(kInvalid, "input.token_ids.ids: must not be empty"));
}

TEST(EncodeInput, TokenizesWithTheModelsLimitAndTheCallersPolicy) {
  const Model model = MakeModel(4);
  Input input = Text("one two three");

  EXPECT_THAT(EncodeInput(model, Text("one two")), IsOk());
  EXPECT_THAT(EncodeInput(model, input), StatusIs(kInvalid, "input: 5 tokens, but at most 4 are allowed"));
  input.truncation = text::Truncation::kOnlyFirst;
  const auto encoding = EncodeInput(model, input);
  ASSERT_THAT(encoding, IsOk());
  EXPECT_TRUE(encoding->truncated);
  EXPECT_EQ(encoding->tokens.size(), 4);
}

TEST(EncodeInput, TakesIdsAsTheyAre) {
  const Model model = MakeModel(4);

  const auto plain = EncodeInput(model, Ids({1, 500, 2}));
  ASSERT_THAT(plain, IsOk());
  EXPECT_THAT(RowOfTokens(*plain).token_ids, ElementsAre(1, 500, 2));
  EXPECT_THAT(RowOfTokens(*plain).type_ids, ElementsAre(0, 0, 0));
  EXPECT_EQ(plain->tokens[1].end_byte, 0);

  const auto typed = EncodeInput(model, Ids({1, 500, 2}, {0, 1, 1}));
  ASSERT_THAT(typed, IsOk());
  EXPECT_THAT(RowOfTokens(*typed).type_ids, ElementsAre(0, 1, 1));
}

TEST(EncodeInput, ATextHasTypesWhereTheModelHas) {
  Input pair = Text("a");
  pair.text_pair = "b";
  for (const int64_t type_vocab_size : {2, 0}) {
    engine::ModelCard card = testing::ClassifierCard();
    card.type_vocab_size = type_vocab_size;
    Model model = MakeModel(9);
    model.engine = std::make_unique<testing::FakeEngine>(card);

    const auto encoding = EncodeInput(model, pair);

    ASSERT_THAT(encoding, IsOk());
    const int32_t second = type_vocab_size > 0 ? 1 : 0;
    EXPECT_THAT(RowOfTokens(*encoding).type_ids, ElementsAre(0, 0, 0, second, second));
  }
}

TEST(EncodeInput, RefusesIdsThatTheModelCannotTake) {
  const Model model = MakeModel(4);

  EXPECT_THAT(EncodeInput(model, Ids({1, 5, 5, 5, 2})),
              StatusIs(kInvalid, "input.token_ids.ids: has 5 ids, the model takes at most 4"));
  EXPECT_THAT(EncodeInput(model, Ids({1, 5000})), StatusIs(kInvalid, HasSubstr("token_ids[1] is 5000")));
}

TEST(EncodeSimilarityText, IsShortenedWhereTheInputIs) {
  const Model model = MakeModel(4);
  Input input = Text("x");

  EXPECT_THAT(EncodeSimilarityText(model, "one two three", input),
              StatusIs(kInvalid, HasSubstr("target.similarity: 5 tokens")));
  input.truncation = text::Truncation::kOnlySecond;
  const auto encoding = EncodeSimilarityText(model, "one two three", input);
  ASSERT_THAT(encoding, IsOk());
  EXPECT_EQ(encoding->tokens.size(), 4);
}

}  // namespace
}  // namespace limpid::explain
