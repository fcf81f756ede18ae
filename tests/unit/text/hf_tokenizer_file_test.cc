#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/scratch.h"
#include "text/tokenizer.h"
#include "unit/text/tiny_tokenizer.h"

namespace limpid::text {
namespace {

using testing::HasSubstr;

TEST(LoadHfTokenizer, AMissingFileIsNotFoundAndNamed) {
  const auto loaded = LoadHfTokenizer("/nowhere/at/all");

  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(loaded.status().message()), HasSubstr("/nowhere/at/all/tokenizer.json"));
}

TEST(LoadHfTokenizer, AFolderInPlaceOfTheFileIsNotFound) {
  const std::string folder = limpid_test::Scratch() / "limpid_tokenizer_is_folder";
  std::filesystem::create_directories(folder + "/tokenizer.json");

  EXPECT_EQ(LoadHfTokenizer(folder).status().code(), absl::StatusCode::kNotFound);
}

TEST(LoadHfTokenizer, AFileThatDoesNotParseIsInvalidAndNamed) {
  const std::string whole = TinyTokenizerJson().dump();
  auto without_model = TinyTokenizerJson();
  without_model.erase("model");
  auto huge_id = TinyTokenizerJson();
  huge_id["model"]["vocab"]["far"] = 4'000'000'000u;
  const std::string contents[] = {
      "", "{}", "not json", "\xFF\xFE", whole.substr(0, whole.size() / 2), without_model.dump(), huge_id.dump()};
  for (const std::string& content : contents) {
    const auto loaded = LoadHfTokenizer(TokenizerFolder("malformed", content));
    EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument) << content;
    EXPECT_THAT(std::string(loaded.status().message()), HasSubstr("limpid_tokenizer_malformed/tokenizer.json"));
  }
}

TEST(LoadHfTokenizer, TheFilesOwnTruncationAndPaddingAreIgnored) {
  auto json = TinyTokenizerJson();
  json["truncation"] = {{"direction", "Left"}, {"max_length", 4}, {"strategy", "OnlySecond"}, {"stride", 1}};
  json["padding"] = {{"strategy", {{"Fixed", 32}}},
                     {"direction", "Right"},
                     {"pad_to_multiple_of", 8},
                     {"pad_id", 0},
                     {"pad_type_id", 0},
                     {"pad_token", "[PAD]"}};
  const auto loaded = LoadHfTokenizer(TokenizerFolder("own_settings", json.dump()));
  ASSERT_TRUE(loaded.ok()) << loaded.status();

  const auto encoding = (*loaded)->Encode("a b a b a", std::nullopt, Truncation::kError, 7);

  ASSERT_TRUE(encoding.ok()) << encoding.status();
  EXPECT_EQ(encoding->tokens.size(), 7u);
}

TEST(LoadHfTokenizer, APanicInTheCrateIsAnInternalErrorAndTheTokenizerLivesOn) {
  auto json = TinyTokenizerJson();
  json["pre_tokenizer"] = {{"type", "FixedLength"}, {"length", 0}};  // panics on any text but the empty one
  const auto loaded = LoadHfTokenizer(TokenizerFolder("panics", json.dump()));
  ASSERT_TRUE(loaded.ok()) << loaded.status();

  const auto failed = (*loaded)->Encode("a", std::nullopt, Truncation::kError, 7);
  const auto fine = (*loaded)->Encode("", std::nullopt, Truncation::kError, 7);

  EXPECT_EQ(failed.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(failed.status().message()), HasSubstr("panicked"));
  EXPECT_TRUE(fine.ok()) << fine.status();
}

TEST(LoadHfTokenizer, ASpecialTokenThatTheVocabularyLacksIsAnInternalError) {
  auto json = TinyTokenizerJson();
  json["post_processor"]["cls"] = {"[CLS]", 77};
  const auto loaded = LoadHfTokenizer(TokenizerFolder("foreign_id", json.dump()));
  ASSERT_TRUE(loaded.ok()) << loaded.status();

  const auto encoding = (*loaded)->Encode("a", std::nullopt, Truncation::kError, 7);

  EXPECT_EQ(encoding.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(encoding.status().message()), HasSubstr("77"));
}

}  // namespace
}  // namespace limpid::text
