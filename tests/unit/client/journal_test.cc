#include "lib/batch/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "support/scratch.h"

namespace limpid::client {
namespace {

using testing::HasSubstr;

class JournalTest : public testing::Test {
 protected:
  absl::StatusOr<Journal> Open(const Json& state, Journal::Beginning beginning = Journal::Beginning::kGoOn) {
    return Journal::Open(path_, state, beginning);
  }
  void Put(const std::string& text) { std::ofstream(path_, std::ios::app | std::ios::binary) << text; }
  std::string Contents() {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::string path_ =
      limpid_test::Scratch() / (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".jsonl");
  const Json state_ = {{"input", "abc"}, {"request", {{"model", "credit"}}}};
};

TEST_F(JournalTest, GoesOnBehindTheLastWholeLine) {
  {
    absl::StatusOr<Journal> first = Open(state_);
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_TRUE(first->Append("{\"index\":0,\"prediction\":{}}\n").ok());
    EXPECT_TRUE(first->Append("{\"index\":1,\"error\":{}}\n").ok());
  }
  Put("{\"index\":2,\"predic");

  const absl::StatusOr<Journal> second = Open(state_);

  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->num_lines(), 2u);
  EXPECT_EQ(second->num_failed(), 1u);
  EXPECT_THAT(Contents(), testing::EndsWith("\"error\":{}}\n"));
}

TEST_F(JournalTest, CountsLinesLongerThanWhatIsReadAtOnce) {
  {
    ASSERT_TRUE(Open(state_).ok());
  }
  const std::string filling(200'000, 'x');
  for (int i = 0; i < 12; ++i) Put("{\"index\":" + std::to_string(i) + ",\"id\":\"" + filling + "\"}\n");

  const absl::StatusOr<Journal> journal = Open(state_);

  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_EQ(journal->num_lines(), 12u);
}

TEST_F(JournalTest, RefusesLinesOfAnotherState) {
  {
    EXPECT_TRUE(Open(state_)->Append("{\"index\":0,}\n").ok());
  }
  Json other = state_;
  other["request"]["model"] = "minilm";
  const absl::StatusOr<Journal> journal = Open(other);
  EXPECT_TRUE(absl::IsFailedPrecondition(journal.status()));
  EXPECT_THAT(std::string(journal.status().message()), HasSubstr("begun with another request ("));
  EXPECT_EQ(Open(other, Journal::Beginning::kAnew)->num_lines(), 0u);
  EXPECT_EQ(Contents(), "");
}

TEST_F(JournalTest, RefusesAFileThatItDidNotWrite) {
  Put("precious\n");
  EXPECT_TRUE(absl::IsFailedPrecondition(Open(state_).status()));
  EXPECT_EQ(Contents(), "precious\n");
}

TEST_F(JournalTest, RefusesALineThatIsNotTheNext) {
  {
    ASSERT_TRUE(Open(state_).ok());
  }
  Put("{\"index\":0,}\n{\"index\":2,}\n");
  EXPECT_THAT(std::string(Open(state_).status().message()), HasSubstr("line 2 of"));
}

TEST_F(JournalTest, OneProcessAtATimeHasTheFile) {
  const absl::StatusOr<Journal> first = Open(state_);
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(std::string(Open(state_).status().message()), HasSubstr("another limpid is writing"));
}

}  // namespace
}  // namespace limpid::client
