#include "playground/request_check.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace limpid::playground {
namespace {

constexpr long long kMaxBodyBytes = 1000;

// 0: taken.
int StatusOf(const RequestHead& head, const std::string& own_host = "127.0.0.1") {
  const auto refusal = FindRefusal(head, own_host, kMaxBodyBytes);
  return refusal.has_value() ? refusal->http_status : 0;
}

RequestHead Post() {
  return {.method = "POST",
          .host = "127.0.0.1:8090",
          .origin = "http://127.0.0.1:8090",
          .content_type = "application/json",
          .authorization = "",
          .content_length = 100};
}

TEST(RequestCheck, TakesWhatThePageSends) {
  EXPECT_EQ(StatusOf(Post()), 0);
  EXPECT_EQ(StatusOf({.method = "GET", .host = "127.0.0.1:8090"}), 0);
}

TEST(RequestCheck, TakesAddressesLocalhostAndItsOwnNameAsHost) {
  for (const char* host : {"127.0.0.1", "192.168.1.7:8090", "[::1]:8090", "[fe80::1]", "localhost:8090", "LocalHost",
                           "lab.example:8090", "Lab.Example"}) {
    EXPECT_EQ(StatusOf({.method = "GET", .host = host}, "lab.example"), 0) << host;
  }
}

TEST(RequestCheck, RefusesNamesThatOthersCanLeadHere) {
  for (const char* host : {"evil.example:8090", "", "127.0.0.1.evil.example", "localhost.evil.example",
                           "127.0.0.1@evil", "0x7f.1", "[evil.example]:8090"}) {
    EXPECT_EQ(StatusOf({.method = "GET", .host = host}), 403) << host;
  }
}

TEST(RequestCheck, RefusesOtherSites) {
  for (const char* origin : {"http://evil.example", "null", "https://127.0.0.1:8090", "http://127.0.0.1:8091"}) {
    RequestHead head = Post();
    head.origin = origin;
    EXPECT_EQ(StatusOf(head), 403) << origin;
  }
  RequestHead head = Post();
  head.origin = "";  // no browser
  EXPECT_EQ(StatusOf(head), 0);
}

// What a foreign page may send without asking first.
TEST(RequestCheck, TakesNothingButJson) {
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                           "text/plain; application/json", "application/jsonx"}) {
    RequestHead head = Post();
    head.content_type = type;
    EXPECT_EQ(StatusOf(head), 415) << type;
  }
  RequestHead head = Post();
  head.content_type = "Application/JSON; charset=utf-8";
  EXPECT_EQ(StatusOf(head), 0);
}

TEST(RequestCheck, BoundsTheBody) {
  RequestHead head = Post();
  head.content_length = kMaxBodyBytes;
  EXPECT_EQ(StatusOf(head), 0);
  head.content_length = kMaxBodyBytes + 1;
  EXPECT_EQ(StatusOf(head), 413);
  EXPECT_THAT(FindRefusal(head, "", kMaxBodyBytes)->reason, testing::HasSubstr("the limit is 1000"));
  head.content_length = -1;
  EXPECT_EQ(StatusOf(head), 411);
}

TEST(RequestCheck, KnowsTwoVerbs) {
  for (const char* method : {"PUT", "OPTIONS", "HEAD", "post"}) {
    RequestHead head = Post();
    head.method = method;
    EXPECT_EQ(StatusOf(head), 405) << method;
  }
}

TEST(RequestCheck, LetsNoTokenThroughThatWouldEndTheProcess) {
  RequestHead head = Post();
  for (const char* token : {"Bearer \xc3\xa9", "Bearer \x01", "Bearer a\tb"}) {
    head.authorization = token;
    EXPECT_EQ(StatusOf(head), 400) << token;
  }
  head.authorization = "Bearer abc.DEF-123_~+/=";
  EXPECT_EQ(StatusOf(head), 0);
}

}  // namespace
}  // namespace limpid::playground
