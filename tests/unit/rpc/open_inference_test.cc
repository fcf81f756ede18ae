#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "loopback.h"
#include "open_inference/grpc_predict_v2.grpc.pb.h"

namespace limpid::rpc {
namespace {

using ::limpid::testing::FakeEngine;
using ::limpid::testing::Loopback;
using ::limpid::testing::RawStream;
using ::limpid::testing::Words;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

inference::ModelInferRequest RequestOf(const std::vector<std::string>& texts, const std::string& id = "one") {
  inference::ModelInferRequest request;
  request.set_id(id);
  auto* input = request.add_inputs();
  input->set_name("text");
  input->set_datatype("BYTES");
  input->add_shape(static_cast<int64_t>(texts.size()));
  for (const std::string& text : texts) input->mutable_contents()->add_bytes_contents(text);
  (*request.mutable_parameters())["method"].set_string_param("saliency");
  return request;
}

class OpenInferenceTest : public ::testing::Test {
 protected:
  using Stream = grpc::ClientReaderWriter<inference::ModelInferRequest, inference::ModelStreamInferResponse>;

  grpc::Status Infer(const inference::ModelInferRequest& request, inference::ModelInferResponse* response) {
    grpc::ClientContext context;
    return stub_->ModelInfer(&context, request, response);
  }
  static inference::ModelStreamInferResponse Read(Stream* stream) {
    inference::ModelStreamInferResponse response;
    EXPECT_TRUE(stream->Read(&response));
    return response;
  }

  Loopback loopback_{{.max_requests_per_stream = 4}};
  const std::unique_ptr<inference::GRPCInferenceService::Stub> stub_ =
      inference::GRPCInferenceService::NewStub(loopback_.Channel());
};

TEST_F(OpenInferenceTest, EachTextHasItsPlaceInEachTensor) {
  inference::ModelInferResponse response;

  ASSERT_TRUE(Infer(RequestOf({"a few words", "one"}), &response).ok());

  EXPECT_EQ(response.id(), "one");
  EXPECT_EQ(response.model_name(), "classifier");
  ASSERT_THAT(response.outputs(), Not(IsEmpty()));
  for (const auto& output : response.outputs()) {
    EXPECT_EQ(output.shape(0), output.name() == "labels" ? 3 : 2) << output.name();
  }
}

TEST_F(OpenInferenceTest, ATextThatFailsEndsTheCallAndTheOthers) {
  inference::ModelInferResponse response;

  const grpc::Status status = Infer(RequestOf({"a few words", Words(10'000), "one"}), &response);

  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("text[1]"));
  loopback_.AwaitIdle();
}

TEST_F(OpenInferenceTest, EachTextHasItsLineInTheLog) {
  inference::ModelInferResponse response;
  ASSERT_TRUE(Infer(RequestOf({"a few words", "one"}), &response).ok());
  loopback_.AwaitIdle();

  EXPECT_THAT(loopback_.log(), HasSubstr("item=1"));
}

TEST_F(OpenInferenceTest, AStreamAnswersWhatIsReadyFirst) {
  loopback_.classifier().HoldAt(FakeEngine::Stage::kBeforePrediction);
  grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  stream->Write(RequestOf({"a few words"}, "held"));
  loopback_.classifier().AwaitHeld();
  inference::ModelInferRequest other = RequestOf({"a few words"}, "other");
  other.set_model_name("encoder");
  other.clear_parameters();
  inference::ModelInferRequest wrong = RequestOf({"a few words"}, "wrong");
  wrong.set_model_name("nonesuch");

  stream->Write(wrong);
  inference::ModelStreamInferResponse response = Read(stream.get());
  EXPECT_EQ(response.infer_response().id(), "wrong");
  EXPECT_THAT(response.error_message(), HasSubstr("nonesuch"));

  loopback_.classifier().Release();
  stream->Write(other);
  stream->WritesDone();
  std::map<std::string, std::string> errors;
  while (stream->Read(&response)) {
    errors[response.infer_response().id()] = response.error_message();
    EXPECT_TRUE(response.infer_response().parameters().at("triton_final_response").bool_param());
  }
  EXPECT_EQ(errors, (std::map<std::string, std::string>{{"held", ""}, {"other", ""}}));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(OpenInferenceTest, ARequestThatCannotBeReadFailsAndTheStreamGoesOn) {
  RawStream raw(loopback_.Channel(), "/inference.GRPCInferenceService/ModelStreamInfer");
  inference::ModelInferRequest request = RequestOf({"a few words"}, "seven");
  request.set_model_name("????");
  std::string bytes = request.SerializeAsString();
  bytes.replace(bytes.find("????"), 4, "\xFF\xFF\xFF\xFF");
  inference::ModelStreamInferResponse response;

  raw.Write(bytes);
  ASSERT_TRUE(response.ParseFromString(*raw.Read()));
  EXPECT_THAT(response.error_message(), HasSubstr("model_name"));

  raw.Write(RequestOf({"a few words"}, "eight").SerializeAsString());
  ASSERT_TRUE(response.ParseFromString(*raw.Read()));
  EXPECT_EQ(response.infer_response().id(), "eight");
  EXPECT_EQ(response.error_message(), "");
}

TEST_F(OpenInferenceTest, WhatIsCancelledLeavesNothing) {
  for (int round = 0; round < 20; ++round) {
    grpc::ClientContext context;
    const auto stream = stub_->ModelStreamInfer(&context);
    for (int i = 0; i < 3; ++i) stream->Write(RequestOf({Words(300), Words(200)}, std::to_string(i)));
    inference::ModelStreamInferResponse response;
    for (int i = 0; i < round % 3; ++i) stream->Read(&response);

    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::CANCELLED);
  }
  loopback_.AwaitIdle();
}

TEST_F(OpenInferenceTest, AStreamWhoseTextIsHeldEndsWithItsCaller) {
  loopback_.classifier().HoldAt(FakeEngine::Stage::kBeforePrediction);
  grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  stream->Write(RequestOf({"a few words"}));
  loopback_.classifier().AwaitHeld();

  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::CANCELLED);

  loopback_.classifier().Release();
  loopback_.AwaitIdle();
}

}  // namespace
}  // namespace limpid::rpc
