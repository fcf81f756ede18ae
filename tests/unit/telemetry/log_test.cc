#include "telemetry/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace limpid::telemetry {
namespace {

std::string Written(LogFormat format, const std::vector<LogField>& fields, LogLevel level = LogLevel::kInfo) {
  std::ostringstream out;
  Log(LogLevel::kInfo, format, &out).Write(level, "request", fields);
  return out.str();
}

TEST(Log, JsonLineIsOneObjectWithTypedValues) {
  const std::string line = Written(LogFormat::kJson, {{"rpc", "Explain"}, {"tokens", 17}, {"queue_ms", 1.5}});

  const auto object = nlohmann::json::parse(line);
  EXPECT_EQ(object["message"], "request");
  EXPECT_EQ(object["level"], "info");
  EXPECT_EQ(object["rpc"], "Explain");
  EXPECT_EQ(object["tokens"], 17);
  EXPECT_DOUBLE_EQ(object["queue_ms"], 1.5);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(Log, CallersBytesCannotForgeALineOrBreakTheJson) {
  const std::string hostile = "a\nlevel=error \"quoted\" \\ \xff\xc3 \xed\xa0\x80 \x7f caf\xc3\xa9";

  const std::string json = Written(LogFormat::kJson, {{"request_id", hostile}});
  const std::string text = Written(LogFormat::kText, {{"request_id", hostile}});

  const auto object = nlohmann::json::parse(json);
  const std::string value = object["request_id"];
  EXPECT_NE(value.find("a\nlevel=error \"quoted\" \\ "), std::string::npos);
  EXPECT_NE(value.find("caf\xc3\xa9"), std::string::npos);
  EXPECT_EQ(value.find('\xff'), std::string::npos);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
}

TEST(Log, TextLineQuotesOnlyWhatNeedsIt) {
  const std::string line = Written(LogFormat::kText, {{"rpc", "Explain"}, {"peer", "a b"}, {"empty", ""}});

  EXPECT_NE(line.find(" request rpc=Explain peer=\"a b\" empty=\"\""), std::string::npos) << line;
}

TEST(Log, LevelsBelowTheChosenOneAreNotWritten) {
  EXPECT_EQ(Written(LogFormat::kText, {}, LogLevel::kDebug), "");
  EXPECT_NE(Written(LogFormat::kText, {}, LogLevel::kWarning), "");
}

TEST(Log, UnknownLevelNamesTheChoices) {
  const auto level = ParseLogLevel("loud");

  ASSERT_FALSE(level.ok());
  EXPECT_NE(level.status().message().find("debug, info, warning, error, off"), std::string::npos);
}

}  // namespace
}  // namespace limpid::telemetry
