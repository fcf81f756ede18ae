#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "loopback.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::CallRaw;
using ::limpid::testing::FakeEngine;
using ::limpid::testing::Loopback;
using ::limpid::testing::Trailer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ModelCallTest : public ::testing::Test {
 protected:
  Loopback loopback_;
  const std::unique_ptr<v1::Explainer::Stub> stub_ = v1::Explainer::NewStub(loopback_.Channel());
  grpc::ClientContext context_;
};

TEST_F(ModelCallTest, PredictGivesPredictionAndSummary) {
  v1::PredictRequest request;
  request.mutable_input()->set_text("two words");
  v1::PredictResponse response;

  ASSERT_TRUE(stub_->Predict(&context_, request, &response).ok());

  EXPECT_EQ(response.prediction().tokens_size(), 4);
  EXPECT_THAT(response.prediction().classes().labels(), ElementsAre("approved", "declined"));
  EXPECT_EQ(response.summary().model().name(), "classifier");
  EXPECT_EQ(response.summary().rows_forward(), 1u);
  EXPECT_EQ(response.summary().rows_backward(), 0u);
  EXPECT_EQ(context_.GetServerInitialMetadata().count("x-request-id"), 1u);
}

TEST_F(ModelCallTest, PredictRefusesByName) {
  v1::PredictResponse response;

  const grpc::Status status = stub_->Predict(&context_, {}, &response);

  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("input"));
  EXPECT_TRUE(context_.GetServerInitialMetadata().empty());
  EXPECT_NE(Trailer(context_, "x-request-id"), "");
}

TEST_F(ModelCallTest, APredictThatIsCancelledOrLateLeavesNothing) {
  loopback_.classifier().HoldAt(FakeEngine::Stage::kBeforePrediction);
  context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(50)));
  v1::PredictRequest request;
  request.mutable_input()->set_text("two words");
  v1::PredictResponse response;

  EXPECT_EQ(stub_->Predict(&context_, request, &response).error_code(), grpc::DEADLINE_EXCEEDED);

  loopback_.classifier().Release();
  loopback_.AwaitIdle();
}

TEST_F(ModelCallTest, TokenizeGivesTokensAndOffsets) {
  v1::TokenizeRequest request;
  request.mutable_input()->set_text("two wor-ds");
  v1::TokenizeResponse response;

  ASSERT_TRUE(stub_->Tokenize(&context_, request, &response).ok());

  ASSERT_EQ(response.tokens_size(), 5);
  EXPECT_TRUE(response.tokens(0).is_special());
  EXPECT_EQ(response.tokens(2).text(), "wor");
  EXPECT_EQ(response.tokens(2).begin_byte(), 4u);
  EXPECT_EQ(response.tokens(3).word(), 1);
  EXPECT_FALSE(response.truncated());
}

TEST_F(ModelCallTest, TokenizeRefusesByName) {
  v1::TokenizeRequest request;
  v1::TokenizeResponse response;
  const grpc::Status no_input = stub_->Tokenize(&context_, request, &response);
  EXPECT_EQ(no_input.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(no_input.error_message(), HasSubstr("input"));

  request.mutable_input()->set_text(testing::Words(600));
  grpc::ClientContext context;
  const grpc::Status too_long = stub_->Tokenize(&context, request, &response);
  EXPECT_EQ(too_long.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(too_long.error_message(), HasSubstr("512"));
}

TEST_F(ModelCallTest, ListModelsNamesTheDefault) {
  v1::ListModelsResponse response;

  ASSERT_TRUE(stub_->ListModels(&context_, {}, &response).ok());

  ASSERT_EQ(response.models_size(), 2);
  EXPECT_EQ(response.models(0).identity().name(), "classifier");
  EXPECT_TRUE(response.models(0).is_default());
  EXPECT_EQ(response.models(1).task(), "embedding");
  EXPECT_FALSE(response.models(1).is_default());
}

TEST_F(ModelCallTest, GetModelByNameOrTheDefault) {
  v1::GetModelRequest request;
  v1::GetModelResponse response;
  ASSERT_TRUE(stub_->GetModel(&context_, request, &response).ok());
  EXPECT_EQ(response.model().identity().name(), "classifier");

  request.set_model("encoder");
  grpc::ClientContext by_name;
  ASSERT_TRUE(stub_->GetModel(&by_name, request, &response).ok());
  EXPECT_EQ(response.model().identity().name(), "encoder");

  request.set_model("nobody");
  grpc::ClientContext unknown;
  const grpc::Status status = stub_->GetModel(&unknown, request, &response);
  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("nobody"));
}

TEST_F(ModelCallTest, BytesThatAreNoRequestAreRefused) {
  std::string response;

  const grpc::Status status = CallRaw(loopback_.Channel(), "/limpid.v1.Explainer/GetModel", "\xFF\xFF\xFF", &response);

  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("limpid.v1.GetModelRequest"));
}

}  // namespace
}  // namespace limpid::rpc
