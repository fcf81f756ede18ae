#include "lib/texts/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace limpid::client {
namespace {

using testing::ElementsAre;

using Records = std::vector<std::vector<std::string>>;

// A record that is none comes as its message.
Records ReadAll(const std::string& text) {
  std::istringstream in(text);
  CsvReader reader(&in);
  Records records;
  for (std::vector<std::string> fields;;) {
    const absl::StatusOr<bool> read = reader.Next(&fields);
    if (!read.ok()) fields = {std::string(read.status().message())};
    if (read.ok() && !*read) return records;
    records.push_back(fields);
    if (absl::IsOutOfRange(read.status())) return records;
  }
}

TEST(CsvReader, FieldsEndAtCommasAndRecordsAtLineEnds) {
  EXPECT_THAT(ReadAll("a,b\n1,\r\n,2"), ElementsAre(ElementsAre("a", "b"), ElementsAre("1", ""), ElementsAre("", "2")));
}

TEST(CsvReader, QuotedFieldsHoldCommasLineEndsAndQuotes) {
  EXPECT_THAT(ReadAll("\"a, \"\"b\"\"\r\nc\",\"\"\n"), ElementsAre(ElementsAre("a, \"b\"\r\nc", "")));
}

TEST(CsvReader, AQuoteInsideOfAnUnquotedFieldIsACharacter) {
  EXPECT_THAT(ReadAll("5\" pipe,b"), ElementsAre(ElementsAre("5\" pipe", "b")));
}

TEST(CsvReader, AByteOrderMarkAndEmptyLinesArePassedOver) {
  EXPECT_THAT(ReadAll("\xEF\xBB\xBF\n\na\r\n\r\nb\n\n"), ElementsAre(ElementsAre("a"), ElementsAre("b")));
}

TEST(CsvReader, GoesOnBehindARecordThatIsNone) {
  EXPECT_THAT(ReadAll("\"a\"b,c\nd\n\"e"), ElementsAre(ElementsAre("text follows a closing quote"), ElementsAre("d"),
                                                       ElementsAre("a quote is not closed")));
}

TEST(CsvReader, AQuoteThatIsNeverClosedSwallowsNoFile) {
  const Records records = ReadAll("\"" + std::string(CsvReader::kMaxRecordBytes + 10, 'x') + "\",b\nc\n");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_THAT(records[0][0], testing::HasSubstr("not closed within"));
}

TEST(CsvReader, SaysInWhichLineARecordBegan) {
  std::istringstream in("a\n\"b\nb\"\nc\n");
  CsvReader reader(&in);
  std::vector<size_t> lines;
  for (std::vector<std::string> fields; *reader.Next(&fields);) lines.push_back(reader.line());
  EXPECT_THAT(lines, ElementsAre(1, 2, 4));
  EXPECT_EQ(reader.bytes_read(), 10u);
}

}  // namespace
}  // namespace limpid::client
