#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "loopback.h"
#include "rpc/attention_chunks.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::CallRaw;
using ::limpid::testing::FakeEngine;
using ::limpid::testing::Loopback;
using ::limpid::testing::PartName;
using ::limpid::testing::SaliencyRequest;
using ::limpid::testing::Trailer;
using ::limpid::testing::Words;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ExplainCallTest : public ::testing::Test {
 protected:
  using Stream = std::unique_ptr<grpc::ClientReader<v1::ExplainResponse>>;

  // Reads to the end.
  grpc::Status Explain(const v1::ExplainRequest& request, std::vector<v1::ExplainResponse>* responses) {
    const Stream stream = stub_->Explain(&context_, request);
    v1::ExplainResponse response;
    while (stream->Read(&response)) responses->push_back(response);
    return stream->Finish();
  }
  std::vector<std::string> PartNames(const v1::ExplainRequest& request) {
    std::vector<v1::ExplainResponse> responses;
    const grpc::Status status = Explain(request, &responses);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> names;
    for (const auto& response : responses) names.push_back(PartName(response));
    return names;
  }
  grpc::Status Refusal(const v1::ExplainRequest& request) {
    std::vector<v1::ExplainResponse> responses;
    grpc::Status status = Explain(request, &responses);
    EXPECT_TRUE(responses.empty());
    return status;
  }

  Loopback loopback_;
  const std::unique_ptr<v1::Explainer::Stub> stub_ = v1::Explainer::NewStub(loopback_.Channel());
  grpc::ClientContext context_;
};

TEST_F(ExplainCallTest, PartsComeInTheOrderOfTheContract) {
  v1::ExplainRequest request = SaliencyRequest();
  request.add_methods()->mutable_attention_rollout();
  request.add_methods()->mutable_head_importance();
  request.mutable_attention();

  // Attention leaves as it is computed, anywhere before the summary.
  std::vector<std::string> names = PartNames(request);
  EXPECT_EQ(std::erase(names, "attention"), 3);
  EXPECT_THAT(names, ElementsAre("prediction", "attribution 0", "attribution 1", "attribution 2", "summary"));
}

TEST_F(ExplainCallTest, ARequestWithoutMethodsIsPredictionAndSummary) {
  v1::ExplainRequest request;
  request.mutable_input()->set_text("a text");

  EXPECT_THAT(PartNames(request), ElementsAre("prediction", "summary"));
}

TEST_F(ExplainCallTest, LargeMapsCompleteInBoundedChunks) {
  v1::ExplainRequest request;
  request.mutable_input()->set_text(Words(510));
  request.mutable_attention()->add_layers(-1);
  std::vector<v1::ExplainResponse> responses;

  ASSERT_TRUE(Explain(request, &responses).ok());

  // Two heads of 512 x 512 floats, a megabyte each.
  ASSERT_EQ(responses.size(), 4u);
  engine::Row row;
  std::string data;
  for (const v1::ExplainResponse& response : responses) {
    for (const auto& token : response.prediction().tokens()) row.token_ids.push_back(token.id());
    EXPECT_LE(response.attention().data().size(), kMaxChunkBytes);
    data += response.attention().data();
  }
  row.wanted.attention_layers = {2};
  const engine::HostTensor map = loopback_.classifier().ResultOf(row).attention[0];
  const std::string expected(reinterpret_cast<const char*>(map.values.data()), map.values.size_bytes());
  EXPECT_TRUE(data == expected);
  EXPECT_EQ(responses[3].summary().attention_bytes(), expected.size());
}

TEST_F(ExplainCallTest, TheRequestIdComesBackAndIsLogged) {
  context_.AddMetadata("x-request-id", "call-17");
  PartNames(SaliencyRequest());
  loopback_.AwaitIdle();

  const auto& initial = context_.GetServerInitialMetadata();
  ASSERT_EQ(initial.count("x-request-id"), 1u);
  EXPECT_EQ(initial.find("x-request-id")->second, "call-17");
  EXPECT_EQ(Trailer(context_, "x-request-id"), "call-17");
  EXPECT_THAT(loopback_.log(), HasSubstr("request_id=call-17"));
  EXPECT_THAT(loopback_.log(), HasSubstr("methods=saliency"));
  EXPECT_THAT(loopback_.log(), Not(HasSubstr("a few words")));
}

TEST_F(ExplainCallTest, AnUnusableRequestIdIsReplaced) {
  context_.AddMetadata("x-request-id", std::string(129, 'x'));
  PartNames(SaliencyRequest());

  EXPECT_THAT(Trailer(context_, "x-request-id"), ::testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(Trailer(context_, "x-request-id").size(), 32u);
}

TEST_F(ExplainCallTest, ARefusalNamesTheFieldAndHasNoInitialMetadata) {
  v1::ExplainRequest request = SaliencyRequest();
  request.add_methods();

  const grpc::Status status = Refusal(request);

  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("methods[1]"));
  EXPECT_TRUE(context_.GetServerInitialMetadata().empty());
  EXPECT_NE(Trailer(context_, "x-request-id"), "");
  EXPECT_EQ(Trailer(context_, "grpc-retry-pushback-ms"), "");
}

TEST_F(ExplainCallTest, UnknownModel) {
  v1::ExplainRequest request = SaliencyRequest();
  request.set_model("nobody");

  const grpc::Status status = Refusal(request);

  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("nobody"));
}

TEST_F(ExplainCallTest, AListOfTooManyMethodsIsRefusedAndNotLogged) {
  v1::ExplainRequest request;
  request.mutable_input()->set_text("a text");
  for (int i = 0; i < 10000; ++i) request.add_methods()->mutable_saliency();

  const grpc::Status status = Refusal(request);
  loopback_.AwaitIdle();

  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("methods"));
  EXPECT_LT(loopback_.log().size(), 2000u);
}

TEST_F(ExplainCallTest, TextThatIsNotUtf8IsRefusedByName) {
  v1::ExplainRequest request;
  request.mutable_input()->set_text("????");
  std::string bytes = request.SerializeAsString(), response;
  bytes.replace(bytes.find("????"), 4, "\xFF\xFF\xFF\xFF");

  const grpc::Status status = CallRaw(loopback_.Channel(), "/limpid.v1.Explainer/Explain", bytes, &response);

  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("input.text"));
  EXPECT_EQ(Refusal(v1::ExplainRequest()).error_code(), grpc::INVALID_ARGUMENT) << "the server lives";
}

TEST_F(ExplainCallTest, ThePredictionLeavesBeforeTheBackwardPass) {
  loopback_.classifier().HoldAt(FakeEngine::Stage::kBeforeBackward);
  const Stream stream = stub_->Explain(&context_, SaliencyRequest());
  v1::ExplainResponse response;

  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.has_prediction());
  loopback_.classifier().AwaitHeld();

  loopback_.classifier().Release();
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.has_attribution());
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.has_summary());
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ExplainCallTest, ACancelledCallIsOverThoughTheEngineStillRuns) {
  loopback_.classifier().HoldAt(FakeEngine::Stage::kBeforeBackward);
  const Stream stream = stub_->Explain(&context_, SaliencyRequest());
  v1::ExplainResponse response;
  ASSERT_TRUE(stream->Read(&response));

  context_.TryCancel();

  EXPECT_EQ(stream->Finish().error_code(), grpc::CANCELLED);
  loopback_.AwaitIdle();
  EXPECT_THAT(loopback_.log(), HasSubstr("status=CANCELLED"));
}

TEST_F(ExplainCallTest, ACallCancelledWhileWaitingIsNeverComputed) {
  loopback_.classifier().HoldAt(FakeEngine::Stage::kBeforePrediction);
  grpc::ClientContext first_context;
  const Stream first = stub_->Explain(&first_context, SaliencyRequest());
  loopback_.classifier().AwaitHeld();
  const Stream second = stub_->Explain(&context_, SaliencyRequest());
  while (loopback_.metrics().queue_requests->Value() < 1) absl::SleepFor(absl::Milliseconds(1));

  context_.TryCancel();
  EXPECT_EQ(second->Finish().error_code(), grpc::CANCELLED);
  while (loopback_.metrics().streams->Value() > 1) absl::SleepFor(absl::Milliseconds(1));
  loopback_.classifier().Release();
  v1::ExplainResponse response;
  while (first->Read(&response)) continue;

  EXPECT_TRUE(first->Finish().ok());
  loopback_.AwaitIdle();
  EXPECT_EQ(loopback_.classifier().num_rows_run(), 1u);
}

TEST_F(ExplainCallTest, ACallCancelledAmidItsMapsLeavesNothing) {
  v1::ExplainRequest request;
  request.mutable_input()->set_text(Words(510));
  request.mutable_attention();
  for (int round = 0; round < 20; ++round) {
    grpc::ClientContext context;
    const Stream stream = stub_->Explain(&context, request);
    v1::ExplainResponse response;
    for (int i = 0; i < round % 5; ++i) stream->Read(&response);

    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::CANCELLED);
  }
  loopback_.AwaitIdle();
}

TEST_F(ExplainCallTest, TheDeadlineEndsACallThatIsBeingComputed) {
  loopback_.classifier().HoldAt(FakeEngine::Stage::kBeforePrediction);
  context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(50)));

  const grpc::Status status = Refusal(SaliencyRequest());

  EXPECT_EQ(status.error_code(), grpc::DEADLINE_EXCEEDED);
  loopback_.AwaitIdle();
}

TEST_F(ExplainCallTest, ManyCallersEachGetTheirOwnAnswer) {
  std::vector<std::jthread> callers;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([this, caller] {
      for (int i = 0; i < 10; ++i) {
        grpc::ClientContext context;
        const size_t words = static_cast<size_t>(caller * 10 + i + 1);
        const Stream stream = stub_->Explain(&context, SaliencyRequest(Words(words)));
        v1::ExplainResponse response;
        while (stream->Read(&response)) {
          if (response.has_attribution()) {
            EXPECT_EQ(response.attribution().scores_size(), static_cast<int>(words + 2));
          }
        }
        EXPECT_TRUE(stream->Finish().ok());
        EXPECT_TRUE(response.has_summary());
      }
    });
  }
  callers.clear();
  loopback_.AwaitIdle();
}

}  // namespace
}  // namespace limpid::rpc
