#include "rpc/rpc_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "loopback.h"
#include "support/status_matchers.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::CallRaw;
using ::limpid::testing::FakeEngine;
using ::limpid::testing::Loopback;
using ::limpid::testing::RawStream;
using ::limpid::testing::SaliencyRequest;
using ::limpid::testing::StatusIs;
using ::limpid::testing::Trailer;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kServing[] = "\x08\x01", kNotServing[] = "\x08\x02", kServiceUnknown[] = "\x08\x03";
constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// A message whose one field, of number `field`, is a string shorter than 128 bytes.
std::string StringField(int field, const std::string& value) {
  return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(value.size())} + value;
}

grpc::Status Check(const std::shared_ptr<grpc::Channel>& channel, const std::string& service, std::string* response) {
  return CallRaw(channel, "/grpc.health.v1.Health/Check", StringField(1, service), response);
}

std::string Health(const Loopback& loopback, const std::string& service) {
  std::string response;
  EXPECT_TRUE(Check(loopback.Channel(), service, &response).ok());
  return response;
}

// Drains on a thread of its own, and waits until new requests are refused.
class Draining {
 public:
  Draining(Loopback* loopback, absl::Time deadline)
      : thread_([this, loopback, deadline] { all_finished_ = loopback->server().Drain(deadline); }) {
    const auto stub = v1::Explainer::NewStub(loopback->Channel());
    v1::GetModelResponse response;
    do {
      grpc::ClientContext context;
      status_ = stub->GetModel(&context, {}, &response);
    } while (status_.ok());
  }
  bool AwaitEnd() {
    thread_.join();
    return all_finished_;
  }
  const grpc::Status& refusal() const { return status_; }

 private:
  bool all_finished_ = false;
  grpc::Status status_;
  std::jthread thread_;
};

TEST(RpcServer, APortThatIsTakenIsUnavailable) {
  Loopback loopback;

  EXPECT_THAT(RpcServer::Start({.listen = loopback.address()}, loopback.parts()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(loopback.address())));
  EXPECT_EQ(loopback.metrics().ready->Value(), 1);
}

TEST(RpcServer, AnAddressThatMakesNoSenseIsUnavailable) {
  Loopback loopback;

  EXPECT_THAT(RpcServer::Start({.listen = "no address"}, loopback.parts()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no address")));
}

TEST(RpcServer, AMessageOverTheLimitIsRefused) {
  Loopback loopback;
  const auto stub = v1::Explainer::NewStub(loopback.Channel());
  v1::TokenizeRequest request;
  request.mutable_input()->set_text(std::string(2 << 20, 'x'));
  grpc::ClientContext context;
  v1::TokenizeResponse response;

  EXPECT_EQ(stub->Tokenize(&context, request, &response).error_code(), grpc::RESOURCE_EXHAUSTED);
}

TEST(RpcServer, ServesCallersWithinTheProcessUntilItDrains) {
  Loopback loopback;
  const auto ask = [](const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    v1::GetModelResponse response;
    return v1::Explainer::NewStub(channel)->GetModel(&context, {}, &response).error_code();
  };
  const std::shared_ptr<grpc::Channel> before = loopback.server().Connect();
  EXPECT_EQ(ask(before), grpc::OK);

  EXPECT_TRUE(loopback.server().Drain(absl::Now() + absl::Seconds(60)));
  EXPECT_EQ(ask(before), grpc::UNAVAILABLE);
  EXPECT_EQ(ask(loopback.server().Connect()), grpc::UNAVAILABLE);
}

TEST(RpcServer, HealthKnowsItsThreeNames) {
  Loopback loopback;

  for (const char* service : {"", "limpid.v1.Explainer", "liveness"}) EXPECT_EQ(Health(loopback, service), kServing);
  std::string response;
  EXPECT_EQ(Check(loopback.Channel(), "nobody", &response).error_code(), grpc::NOT_FOUND);
  RawStream watch(loopback.Channel(), "/grpc.health.v1.Health/Watch");
  watch.Write(StringField(1, "nobody"));
  EXPECT_EQ(watch.Read(), kServiceUnknown);
}

TEST(RpcServer, DrainingEndsReadinessButNotLiveness) {
  Loopback loopback;
  RawStream watch(loopback.Channel(), "/grpc.health.v1.Health/Watch");
  watch.Write(StringField(1, "limpid.v1.Explainer"));
  ASSERT_EQ(watch.Read(), kServing);
  const auto channel = loopback.Channel();
  const auto stub = v1::Explainer::NewStub(channel);
  loopback.classifier().HoldAt(FakeEngine::Stage::kBeforePrediction);
  grpc::ClientContext context;
  const auto stream = stub->Explain(&context, SaliencyRequest());
  loopback.classifier().AwaitHeld();

  Draining draining(&loopback, absl::InfiniteFuture());

  EXPECT_EQ(watch.Read(), kNotServing);
  EXPECT_EQ(Health(loopback, ""), kNotServing);
  EXPECT_EQ(Health(loopback, "limpid.v1.Explainer"), kNotServing);
  EXPECT_EQ(Health(loopback, "liveness"), kServing);
  EXPECT_EQ(loopback.metrics().ready->Value(), 0);
  EXPECT_EQ(loopback.metrics().draining->Value(), 1);
  loopback.classifier().Release();
  EXPECT_TRUE(draining.AwaitEnd());
}

TEST(RpcServer, DrainingFinishesWhatIsUnderWay) {
  Loopback loopback;
  const auto stub = v1::Explainer::NewStub(loopback.Channel());
  loopback.classifier().HoldAt(FakeEngine::Stage::kBeforePrediction);
  grpc::ClientContext context;
  const auto stream = stub->Explain(&context, SaliencyRequest());
  loopback.classifier().AwaitHeld();

  Draining draining(&loopback, absl::InfiniteFuture());
  EXPECT_EQ(draining.refusal().error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(draining.refusal().error_message(), HasSubstr("draining"));
  loopback.classifier().Release();

  v1::ExplainResponse response;
  while (stream->Read(&response)) continue;
  EXPECT_TRUE(response.has_summary());
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_TRUE(draining.AwaitEnd());
}

TEST(RpcServer, AtTheDeadlineTheRestIsCancelled) {
  Loopback loopback;
  const auto stub = v1::Explainer::NewStub(loopback.Channel());
  loopback.classifier().HoldAt(FakeEngine::Stage::kBeforeBackward);
  grpc::ClientContext context, many_context;
  const auto stream = stub->Explain(&context, SaliencyRequest());
  v1::ExplainResponse response;
  ASSERT_TRUE(stream->Read(&response));
  // From here on the engine is held by the first request; the second waits for it.
  const auto many = stub->ExplainMany(&many_context);
  v1::ExplainManyRequest item;
  item.set_id("a");
  *item.mutable_request() = SaliencyRequest();
  many->Write(item);

  std::jthread engine([&] {
    EXPECT_FALSE(stream->Finish().ok());
    loopback.classifier().Release();
  });
  EXPECT_FALSE(loopback.server().Drain(absl::Now() + absl::Milliseconds(20)));

  v1::ExplainManyResponse many_response;
  while (many->Read(&many_response)) continue;
  EXPECT_FALSE(many->Finish().ok());
  EXPECT_EQ(loopback.metrics().inflight_requests->Value(), 0);
  EXPECT_EQ(loopback.metrics().streams->Value(), 0);
}

TEST(RpcServer, AnIdleStreamDoesNotHoldADrain) {
  Loopback loopback;
  const auto stub = v1::Explainer::NewStub(loopback.Channel());
  grpc::ClientContext context;
  const auto stream = stub->ExplainMany(&context);
  v1::ExplainManyRequest item;
  item.set_id("a");
  *item.mutable_request() = SaliencyRequest();
  stream->Write(item);
  v1::ExplainManyResponse response;
  while (stream->Read(&response) && !response.response().has_summary()) continue;

  EXPECT_TRUE(loopback.server().Drain(absl::InfiniteFuture()));
  EXPECT_FALSE(stream->Finish().ok());
}

// Only a refusal that is trailers alone may be tried again; the pushback says when.
TEST(RpcServer, AClientTriesAgainWhatADrainingServerRefused) {
  Loopback loopback;
  const auto stub = v1::Explainer::NewStub(loopback.Channel());
  loopback.classifier().HoldAt(FakeEngine::Stage::kBeforePrediction);
  grpc::ClientContext held_context;
  const auto held = stub->Explain(&held_context, SaliencyRequest());
  loopback.classifier().AwaitHeld();
  const auto retrying = v1::Explainer::NewStub(loopback.Channel(R"({"methodConfig": [{
      "name": [{"service": "limpid.v1.Explainer"}],
      "retryPolicy": {"maxAttempts": 3, "initialBackoff": "100s", "maxBackoff": "100s", "backoffMultiplier": 2,
                      "retryableStatusCodes": ["UNAVAILABLE"]}}]})"));
  Draining draining(&loopback, absl::InfiniteFuture());
  const double refused_before = loopback.metrics().rejected.draining->Value();

  grpc::ClientContext context;
  const auto stream = retrying->Explain(&context, SaliencyRequest());
  v1::ExplainResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::UNAVAILABLE);

  EXPECT_EQ(loopback.metrics().rejected.draining->Value() - refused_before, 3);
  EXPECT_EQ(Trailer(context, "grpc-retry-pushback-ms"), "1");
  loopback.classifier().Release();
  EXPECT_TRUE(draining.AwaitEnd());
}

TEST(RpcServer, ReflectionListsTheService) {
  Loopback loopback;
  RawStream stream(loopback.Channel(), kReflection);

  stream.Write(StringField(7, "*"));

  EXPECT_THAT(stream.Read().value_or(""), HasSubstr("limpid.v1.Explainer"));
}

TEST(RpcServer, ReflectionDescribesTheService) {
  Loopback loopback;
  RawStream stream(loopback.Channel(), kReflection);

  stream.Write(StringField(4, "limpid.v1.Explainer"));

  EXPECT_THAT(stream.Read().value_or(""), HasSubstr("ExplainManyRequest"));
}

TEST(RpcServer, ReflectionCanBeOff) {
  Loopback loopback({.reflection = false});
  RawStream stream(loopback.Channel(), kReflection);

  stream.Write(StringField(7, "*"));

  EXPECT_EQ(stream.Read(), std::nullopt);
  EXPECT_EQ(stream.Finish().error_code(), grpc::UNIMPLEMENTED);
}

}  // namespace
}  // namespace limpid::rpc
