#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "loopback.h"
#include "rpc/explain_many_item.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::FakeEngine;
using ::limpid::testing::Loopback;
using ::limpid::testing::PartName;
using ::limpid::testing::RawStream;
using ::limpid::testing::SaliencyRequest;
using ::limpid::testing::Trailer;
using ::limpid::testing::Words;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

v1::ExplainManyRequest Item(const std::string& id, v1::ExplainRequest request = SaliencyRequest()) {
  v1::ExplainManyRequest item;
  item.set_id(id);
  *item.mutable_request() = std::move(request);
  return item;
}

std::string OutcomeName(const v1::ExplainManyResponse& response) {
  return response.has_failure() ? "failure" : PartName(response.response());
}

class ExplainManyCallTest : public ::testing::Test {
 protected:
  void Open(RpcServerOptions options = {}) {
    loopback_.emplace(options);
    stub_ = v1::Explainer::NewStub(loopback_->Channel());
    stream_ = stub_->ExplainMany(&context_);
  }
  v1::ExplainManyResponse Read() {
    v1::ExplainManyResponse response;
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }
  // Half-closes, and reads the names of what each id gets, to the end.
  std::map<std::string, std::vector<std::string>> ReadRest() {
    stream_->WritesDone();
    std::map<std::string, std::vector<std::string>> outcomes;
    v1::ExplainManyResponse response;
    while (stream_->Read(&response)) outcomes[response.id()].push_back(OutcomeName(response));
    return outcomes;
  }

  grpc::ClientContext context_;
  std::optional<Loopback> loopback_;
  std::unique_ptr<v1::Explainer::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ExplainManyRequest, v1::ExplainManyResponse>> stream_;
};

const auto kAnswer = ElementsAre("prediction", "attribution 0", "summary");

TEST_F(ExplainManyCallTest, EveryRequestIsAnsweredUnderItsId) {
  Open();
  for (const char* id : {"a", "b", "c"}) stream_->Write(Item(id));

  EXPECT_THAT(ReadRest(), UnorderedElementsAre(Pair("a", kAnswer), Pair("b", kAnswer), Pair("c", kAnswer)));
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(ExplainManyCallTest, ARequestThatFailsDoesNotEndTheStream) {
  Open();
  v1::ExplainRequest bad = SaliencyRequest();
  bad.mutable_methods(0)->mutable_saliency()->set_reduction(static_cast<v1::Reduction>(99));
  stream_->Write(Item("first"));
  stream_->Write(Item("bad", bad));
  stream_->Write(Item("last"));
  stream_->WritesDone();

  std::map<std::string, std::vector<std::string>> outcomes;
  v1::ExplainManyResponse response;
  while (stream_->Read(&response)) {
    outcomes[response.id()].push_back(OutcomeName(response));
    if (!response.has_failure()) continue;
    EXPECT_EQ(response.failure().code(), grpc::INVALID_ARGUMENT);
    EXPECT_THAT(response.failure().message(), HasSubstr("methods[0].saliency.reduction"));
  }
  EXPECT_THAT(outcomes,
              UnorderedElementsAre(Pair("first", kAnswer), Pair("bad", ElementsAre("failure")), Pair("last", kAnswer)));
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(ExplainManyCallTest, ARequestThatCannotBeReadFailsUnderItsIdAndTheStreamGoesOn) {
  Open();
  RawStream raw(loopback_->Channel(), "/limpid.v1.Explainer/ExplainMany");
  std::string bytes = Item("seven", SaliencyRequest("????")).SerializeAsString();
  bytes.replace(bytes.find("????"), 4, "\xFF\xFF\xFF\xFF");
  v1::ExplainManyResponse response;

  raw.Write(bytes);
  ASSERT_TRUE(response.ParseFromString(*raw.Read()));
  EXPECT_EQ(response.id(), "seven");
  EXPECT_EQ(response.failure().code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(response.failure().message(), HasSubstr("request.input.text"));

  raw.Write(Item("eight").SerializeAsString());
  ASSERT_TRUE(response.ParseFromString(*raw.Read()));
  EXPECT_EQ(response.id(), "eight");
  EXPECT_TRUE(response.response().has_prediction());
}

TEST_F(ExplainManyCallTest, WithoutRequestsItEndsWithOk) {
  Open();

  EXPECT_THAT(ReadRest(), IsEmpty());
  EXPECT_TRUE(stream_->Finish().ok());
  EXPECT_NE(Trailer(context_, "x-request-id"), "");
}

TEST_F(ExplainManyCallTest, AnIdMustBeThereAndShort) {
  Open();
  stream_->Write(Item(""));
  EXPECT_THAT(Read().failure().message(), HasSubstr("id: must not be empty"));

  stream_->Write(Item(std::string(kMaxItemIdBytes, 'x')));
  EXPECT_TRUE(Read().response().has_prediction());
  EXPECT_TRUE(Read().response().has_attribution());
  EXPECT_TRUE(Read().response().has_summary());

  stream_->Write(Item(std::string(kMaxItemIdBytes + 1, 'x')));
  EXPECT_THAT(Read().failure().message(), HasSubstr("at most 256"));
}

TEST_F(ExplainManyCallTest, AnIdIsTakenUntilItsSummary) {
  Open();
  loopback_->classifier().HoldAt(FakeEngine::Stage::kBeforePrediction);
  stream_->Write(Item("same"));
  loopback_->classifier().AwaitHeld();

  stream_->Write(Item("same"));
  EXPECT_THAT(Read().failure().message(), HasSubstr("id: in use"));

  loopback_->classifier().Release();
  while (!Read().response().has_summary()) continue;
  for (int i = 0; i < 20; ++i) {
    stream_->Write(Item("same"));
    EXPECT_TRUE(Read().response().has_prediction());
    EXPECT_TRUE(Read().response().has_attribution());
    EXPECT_TRUE(Read().response().has_summary());
  }
}

// A request without an id is answered as soon as it is read: here not before one of the two ahead of it has left.
TEST_F(ExplainManyCallTest, TheStreamIsNotReadBeyondItsLimit) {
  Open({.max_requests_per_stream = 2});
  loopback_->classifier().HoldAt(FakeEngine::Stage::kBeforePrediction);
  for (const char* id : {"a", "b", ""}) stream_->Write(Item(id));
  while (loopback_->metrics().inflight_requests->Value() < 2) absl::SleepFor(absl::Milliseconds(1));
  // Calls on the same connection, behind the three: what would be read has been read when they are answered.
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    v1::GetModelResponse response;
    EXPECT_TRUE(stub_->GetModel(&context, {}, &response).ok());
  }
  loopback_->classifier().Release();

  EXPECT_TRUE(Read().has_response());
  EXPECT_THAT(ReadRest()[""], ElementsAre("failure"));
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(ExplainManyCallTest, ACancelledStreamLeavesNothing) {
  Open();
  v1::ExplainRequest request = SaliencyRequest(Words(510));
  request.mutable_attention();
  for (int round = 0; round < 20; ++round) {
    grpc::ClientContext context;
    const auto stream = stub_->ExplainMany(&context);
    for (int i = 0; i < 5; ++i) stream->Write(Item(std::to_string(i), request));
    v1::ExplainManyResponse response;
    for (int i = 0; i < round % 4; ++i) stream->Read(&response);

    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::CANCELLED);
  }
  context_.TryCancel();
  EXPECT_EQ(stream_->Finish().error_code(), grpc::CANCELLED);
  loopback_->AwaitIdle();
}

TEST_F(ExplainManyCallTest, EachRequestHasItsLineInTheLog) {
  Open();
  stream_->Write(Item("one"));
  ReadRest();
  loopback_->AwaitIdle();

  EXPECT_THAT(loopback_->log(), HasSubstr("item=one"));
}

}  // namespace
}  // namespace limpid::rpc
