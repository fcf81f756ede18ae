#include "rpc/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "loopback.h"
#include "support/status_matchers.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::Loopback;
using ::limpid::testing::StatusIs;
using ::testing::HasSubstr;

// The token is "one".
BearerTokens OneClient() {
  return *BearerTokens::Parse(R"({"clients": [{"name": "search", "max_concurrent_requests": 8, "token_sha256":
      "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"}]})");
}

TEST(Authenticator, WithoutTokensACallerIsWhomHisCertificateOrAddressSays) {
  const Authenticator authenticator;

  EXPECT_EQ(authenticator.Authenticate({.address = "ipv4:10.0.0.1"}, absl::Now())->name, "ipv4:10.0.0.1");
  EXPECT_EQ(
      authenticator
          .Authenticate({.authorization = "Bearer x", .certificate_name = "batch", .address = "ipv4:1"}, absl::Now())
          ->name,
      "batch");
}

TEST(Authenticator, WithTokensACertificateAloneIsNotEnough) {
  Authenticator authenticator;
  authenticator.SetTokens(OneClient());
  const auto present = [&](std::string_view authorization) {
    return authenticator.Authenticate(
        {.authorization = authorization, .certificate_name = "batch", .address = "ipv4:1"}, absl::Now());
  };

  EXPECT_THAT(present(""), StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("no bearer token")));
  EXPECT_THAT(present("Bearer"), StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("no bearer token")));
  EXPECT_THAT(present("Bearer two"), StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("unknown")));
  EXPECT_EQ(present("Bearer one")->name, "search");
  EXPECT_EQ(present("bearer one")->limits.max_concurrent_requests, 8);
}

TEST(Authenticator, ReplacedTokensAreForgotten) {
  Authenticator authenticator;
  authenticator.SetTokens(OneClient());
  authenticator.SetTokens(
      *BearerTokens::Parse(R"({"clients": [{"name": "a", "token_sha256": ")" + std::string(64, '0') + "\"}]}"));

  EXPECT_FALSE(authenticator.Authenticate({.authorization = "Bearer one", .address = "x"}, absl::Now()).ok());
}

// A refusal must be trailers only and must not count as a request that was inside.
TEST(Authenticator, ARefusedCallGetsAFixedTextAndLeavesNothingBehind) {
  Authenticator authenticator;
  authenticator.SetTokens(OneClient());
  Loopback loopback;
  RpcServerParts parts = loopback.parts();
  parts.authenticator = &authenticator;
  const auto server = *RpcServer::Start({.listen = "127.0.0.1:0"}, parts);
  server->Open();
  const auto stub = v1::Explainer::NewStub(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", server->port()), grpc::InsecureChannelCredentials()));
  const auto call = [&](const std::string& authorization) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", authorization);
    v1::ListModelsResponse response;
    return stub->ListModels(&context, {}, &response);
  };

  EXPECT_TRUE(call("Bearer one").ok());
  EXPECT_EQ(call("Bearer two").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(call("Bearer two").error_message(), call("Basic b25l").error_message());
  loopback.AwaitIdle();
  EXPECT_THAT(loopback.log(), HasSubstr("client=search"));
  EXPECT_THAT(loopback.log(), HasSubstr("authentication=\"the bearer token is unknown\""));
}

}  // namespace
}  // namespace limpid::rpc
