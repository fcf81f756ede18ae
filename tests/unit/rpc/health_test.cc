#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "lifecycle/watchdog.h"
#include "loopback.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::FakeEngine;
using ::limpid::testing::Loopback;
using ::limpid::testing::RawStream;
using ::limpid::testing::SaliencyRequest;

// grpc.health.v1.HealthCheckResponse of one status.
const std::string kServing = "\x08\x01", kNotServing = "\x08\x02";

class HealthTest : public ::testing::Test {
 protected:
  // A Watch of one service, past its first message, which must be `first`.
  std::unique_ptr<RawStream> Watch(const std::string& service, const std::string& first = kServing) {
    auto watch = std::make_unique<RawStream>(loopback_.Channel(), "/grpc.health.v1.Health/Watch");
    watch->Write(std::string{'\x0A', static_cast<char>(service.size())} + service);
    EXPECT_EQ(watch->Read(), first) << service;
    return watch;
  }

  Loopback loopback_;
};

TEST_F(HealthTest, WrongAnswersEndReadinessAlone) {
  const auto ready = Watch("limpid.v1.Explainer"), whole = Watch("");

  loopback_.server().SetRight(false);

  EXPECT_EQ(ready->Read(), kNotServing);
  EXPECT_EQ(whole->Read(), kNotServing);
  Watch("liveness");
  EXPECT_EQ(loopback_.metrics().ready->Value(), 0);

  loopback_.server().SetRight(true);
  EXPECT_EQ(ready->Read(), kServing);
  EXPECT_EQ(loopback_.metrics().ready->Value(), 1);
}

TEST_F(HealthTest, ADeadDeviceEndsBoth) {
  const auto alive = Watch("liveness"), ready = Watch("limpid.v1.Explainer");

  loopback_.server().SetAlive(false);

  EXPECT_EQ(alive->Read(), kNotServing);
  EXPECT_EQ(ready->Read(), kNotServing);
  loopback_.server().SetAlive(true);
  EXPECT_EQ(alive->Read(), kServing);
  EXPECT_EQ(ready->Read(), kServing);
}

TEST_F(HealthTest, NothingMakesADrainingServerReady) {
  ASSERT_TRUE(loopback_.server().Drain(absl::InfiniteFuture()));

  loopback_.server().Open();
  loopback_.server().SetRight(true);

  EXPECT_EQ(loopback_.metrics().ready->Value(), 0);
}

TEST_F(HealthTest, AHungDeviceFlipsTheWatchWithinTwoSeconds) {
  constexpr absl::Duration kLimit = absl::Milliseconds(300);
  base::Timer timer;
  const lifecycle::Watchdog watchdog({.look =
                                          [this] {
                                            return lifecycle::Watchdog::Device{
                                                .batch_started = loopback_.scheduler().batch_started(),
                                                .is_lost = loopback_.scheduler().device_lost()};
                                          },
                                      .timer = &timer,
                                      .log = &loopback_.log_writer(),
                                      .on_change = [this](bool is_alive) { loopback_.server().SetAlive(is_alive); }},
                                     kLimit);
  const auto alive = Watch("liveness");
  const auto stub = v1::Explainer::NewStub(loopback_.Channel());
  loopback_.classifier().HoldAt(FakeEngine::Stage::kBeforePrediction);
  grpc::ClientContext context;
  const auto stream = stub->Explain(&context, SaliencyRequest());
  loopback_.classifier().AwaitHeld();
  const absl::Time hung = absl::Now();

  EXPECT_EQ(alive->Read(), kNotServing);

  EXPECT_LT(absl::Now() - hung, kLimit + absl::Seconds(2));
  loopback_.classifier().Release();
  EXPECT_EQ(alive->Read(), kServing);
}

TEST(StartingServer, IsAliveNotReadyAndRefuses) {
  Loopback loopback({}, {}, {}, /*is_open=*/false);
  const auto stub = v1::Explainer::NewStub(loopback.Channel());
  grpc::ClientContext context;
  v1::GetModelResponse response;

  const grpc::Status refused = stub->GetModel(&context, {}, &response);

  EXPECT_EQ(refused.error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(refused.error_message(), ::testing::HasSubstr("starting"));
  EXPECT_EQ(loopback.metrics().ready->Value(), 0);
  EXPECT_EQ(loopback.metrics().rejected.starting->Value(), 1);
  loopback.server().Open();
  grpc::ClientContext again;
  EXPECT_TRUE(stub->GetModel(&again, {}, &response).ok());
}

}  // namespace
}  // namespace limpid::rpc
