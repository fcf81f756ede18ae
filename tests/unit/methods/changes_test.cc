// Edits of texts whose vocabulary marks where words begin.
#include "methods/lib/changes.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "explain/input.h"
#include "support/fake_engine.h"
#include "unit/text/generator_tokenizers.h"

namespace limpid::methods {
namespace {

// What becomes of `text` when its token `index` is replaced by `replacement`.
std::string Replaced(const text::Tokenizer& tokenizer, const std::string& text, uint32_t index, int32_t replacement) {
  const text::Encoding encoding = *tokenizer.Encode(text, std::nullopt, text::Truncation::kError, 100);
  const engine::ModelCard model = testing::ClassifierCard();
  const engine::Row row = explain::RowOfTokens(encoding);
  explain::ExplainRequest request;
  request.input.text = text;
  const explain::MethodInput input = {
      .model = model, .tokenizer = tokenizer, .encoding = encoding, .base_row = row, .request = request};
  return DescribeChanges(input, {{.begin_token = index, .end_token = index + 1, .id = replacement}}).text;
}

TEST(Changes, ASpaceThatATokenCoversStaysWhereAWordIsPutInItsPlace) {
  const auto tokenizer = *text::LoadHfTokenizer(
      text::TokenizerFolder("changes", text::Gpt2Json({{"\u0120", "a"}, {"\u0120", "b"}}).dump()));
  constexpr int32_t kMarkedA = 257;

  EXPECT_EQ(Replaced(*tokenizer, "a b?", 1, kMarkedA), "a a?");
  EXPECT_EQ(Replaced(*tokenizer, "a b?", 2, '!'), "a b!");
}

}  // namespace
}  // namespace limpid::methods
