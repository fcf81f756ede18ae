#include "commands/command_line.h"

#include <gmock/gmock.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "lib/json.h"
#include "support/scratch.h"
#include "unit/client/sample_answer.h"

namespace limpid::client {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct Outcome {
  int code;
  std::string out, err;
};

Outcome RunLimpid(std::vector<const char*> arguments, const std::string& standard_input = "") {
  arguments.insert(arguments.begin(), "limpid");
  std::istringstream in(standard_input);
  std::ostringstream out, err;
  const int code = RunCommandLine(static_cast<int>(arguments.size()), arguments.data(), {in, out, err}, {});
  return {code, out.str(), err.str()};
}

// Answers with what a test puts in, and remembers what it was asked.
class FakeExplainer : public v1::Explainer::Service {
 public:
  grpc::Status Explain(grpc::ServerContext* context, const v1::ExplainRequest* request,
                       grpc::ServerWriter<v1::ExplainResponse>* writer) override {
    ++num_calls;
    explain_request = *request;
    for (const v1::ExplainResponse& part : parts) writer->Write(part);
    return Answer(context);
  }

  grpc::Status Predict(grpc::ServerContext* context, const v1::PredictRequest* request,
                       v1::PredictResponse* response) override {
    ++num_calls;
    predict_request = *request;
    *response->mutable_prediction() = SamplePrediction().prediction();
    *response->mutable_summary() = SampleSummary().summary();
    return Answer(context);
  }

  grpc::Status ListModels(grpc::ServerContext* context, const v1::ListModelsRequest*,
                          v1::ListModelsResponse* response) override {
    ++num_calls;
    response->add_models()->mutable_identity()->set_name("credit");
    return Answer(context);
  }

  grpc::Status GetModel(grpc::ServerContext* context, const v1::GetModelRequest* request,
                        v1::GetModelResponse* response) override {
    ++num_calls;
    response->mutable_model()->mutable_identity()->set_name(request->model());
    return Answer(context);
  }

  std::vector<v1::ExplainResponse> parts;
  grpc::Status status;
  bool never_ends = false;
  std::atomic<int> num_calls = 0;
  v1::ExplainRequest explain_request;
  v1::PredictRequest predict_request;

 private:
  grpc::Status Answer(grpc::ServerContext* context) const {
    while (never_ends && !context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return status;
  }
};

class CommandLineTest : public testing::Test {
 protected:
  void SetUp() override {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&explainer_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    address_ = "127.0.0.1:" + std::to_string(port);
    explainer_.parts = {SamplePrediction(), SampleAttribution(0, {9, 1, 0, 4, 2, 0}), SampleSummary()};
  }

  Outcome Ask(std::vector<const char*> arguments, const std::string& standard_input = "") {
    arguments.insert(arguments.begin() + 1, {"--server", address_.c_str()});
    return RunLimpid(std::move(arguments), standard_input);
  }

  Outcome Explain() { return Ask({"explain", kSampleText}); }

  FakeExplainer explainer_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

TEST_F(CommandLineTest, ExplainsAText) {
  const Outcome outcome = Explain();

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("prediction  declined  95.3 %\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\n  not   ████████████████████████ "));
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_EQ(explainer_.explain_request.input().text(), kSampleText);
}

TEST_F(CommandLineTest, ReadsTheTextFromStandardInput) {
  EXPECT_EQ(Ask({"explain", "-"}, "no, not paid\n").code, 0);
  EXPECT_EQ(explainer_.explain_request.input().text(), kSampleText);
}

TEST_F(CommandLineTest, TextsThatLookLikeSomethingElseArriveUnchanged) {
  for (const char* text : {"predict", "[a, b]", "[CLS]", "{x}", "a,b", "50%", "\"quoted\"", " x ", "/etc", "a=b"}) {
    EXPECT_EQ(Ask({"predict", text}).code, 0) << text;
    EXPECT_EQ(explainer_.predict_request.input().text(), text);
  }
  for (const char* text : {"-5 degrees", "--json", "--"}) {
    EXPECT_EQ(Ask({"predict", "--", text}).code, 0) << text;
    EXPECT_EQ(explainer_.predict_request.input().text(), text);
  }
}

TEST_F(CommandLineTest, JsonIsTheWholeAnswerAndNothingElse) {
  const Outcome outcome = Ask({"explain", kSampleText, "--json"});

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out)["prediction"]["tokens"].size(), 6u);
}

TEST_F(CommandLineTest, WritesTheFilesAskedForAndNamesThem) {
  const std::string npz = limpid_test::Scratch().string() + "/cli.npz",
                    safetensors = limpid_test::Scratch().string() + "/cli.safetensors";

  const Outcome outcome = Ask({"explain", kSampleText, "--npz", npz.c_str(), "--safetensors", safetensors.c_str()});

  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("saved       " + npz));
  EXPECT_TRUE(std::ifstream(npz).good());
  EXPECT_TRUE(std::ifstream(safetensors).good());
}

TEST_F(CommandLineTest, AFileThatCannotBeWrittenEndsWith5) {
  const Outcome outcome = Ask({"explain", kSampleText, "--npz", "/no/such/folder.npz"});

  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, StartsWith("limpid: cannot write /no/such/folder.npz: No such file"));
}

TEST_F(CommandLineTest, PredictsAndListsModels) {
  EXPECT_THAT(Ask({"predict", kSampleText}).out, StartsWith("prediction  declined"));
  EXPECT_EQ(Json::parse(Ask({"predict", kSampleText, "--json"}).out)["summary"]["tokens"], 6);
  EXPECT_THAT(Ask({"models"}).out, HasSubstr("\ncredit "));
  EXPECT_THAT(Ask({"models", "other"}).out, StartsWith("model         other\n"));
  EXPECT_EQ(Json::parse(Ask({"models", "--json"}).out)["models"].size(), 1u);
}

TEST_F(CommandLineTest, ARefusalKeepsTheServersWordsAndEndsWith4) {
  explainer_.parts.clear();
  explainer_.status = {grpc::StatusCode::INVALID_ARGUMENT, "input.text: empty \x1b[31m"};

  const Outcome outcome = Explain();

  EXPECT_EQ(outcome.code, 4);
  EXPECT_EQ(outcome.err, "limpid: input.text: empty \\x1b[31m\n");
  EXPECT_THAT(outcome.out, IsEmpty());
  explainer_.status = {grpc::StatusCode::NOT_FOUND, "model: 'nope'"};
  EXPECT_EQ(Ask({"models", "nope"}).code, 4);
}

TEST_F(CommandLineTest, AServerWithoutRoomIsTriedAgainAndEndsWith3) {
  explainer_.parts.clear();
  explainer_.status = {grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full"};

  const Outcome outcome = Explain();

  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err, "limpid: the queue is full\n");
  EXPECT_EQ(explainer_.num_calls, 3);
}

TEST_F(CommandLineTest, ADrainingServerIsNotTakenForNoServer) {
  explainer_.parts.clear();
  explainer_.status = {grpc::StatusCode::UNAVAILABLE, "the server is draining"};

  const Outcome outcome = Explain();

  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err, "limpid: the server is draining\n");
}

TEST_F(CommandLineTest, ADefectOfTheServerEndsWith5AndSaysWhose) {
  explainer_.status = {grpc::StatusCode::INTERNAL, "a result is not finite"};

  const Outcome outcome = Explain();

  EXPECT_EQ(outcome.code, 5);
  EXPECT_EQ(outcome.err, "limpid: INTERNAL: a result is not finite\n");
}

TEST_F(CommandLineTest, AnIncompleteAnswerIsNotShown) {
  explainer_.parts.pop_back();

  const Outcome outcome = Explain();

  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("ended without a summary"));
  EXPECT_THAT(outcome.out, IsEmpty());
}

TEST_F(CommandLineTest, ABrokenPartEndsTheCallAtOnce) {
  explainer_.never_ends = true;
  explainer_.parts = {SampleSummary()};

  const Outcome outcome = Explain();

  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("wrong order"));
}

TEST_F(CommandLineTest, AnAnswerThatDoesNotComeInTimeEndsWith3) {
  explainer_.never_ends = true;

  const Outcome outcome = Ask({"explain", kSampleText, "--timeout", "0.2"});

  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, StartsWith("limpid: no answer from " + address_ + " within 200ms; --timeout"));
}

TEST_F(CommandLineTest, NoServerEndsWith3AndSaysWhatToDo) {
  server_->Shutdown();
  server_->Wait();
  server_.reset();

  for (const Outcome& outcome : {Explain(), Ask({"models"}), Ask({"predict", "x"})}) {
    EXPECT_EQ(outcome.code, 3);
    EXPECT_THAT(outcome.err, StartsWith("limpid: no server answers at " + address_ + "\n"));
    EXPECT_THAT(outcome.err, HasSubstr("limpid-server --model"));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST(CommandLine, WhatItDoesNotUnderstandEndsWith2) {
  const std::vector<std::vector<const char*>> wrong = {
      {},
      {"dance"},
      {"explain"},
      {"explain", "x", "y"},
      {"explain", "x", "--nonsense"},
      {"explain", "x", "--timeout", "soon"},
      {"explain", "x", "--timeout", "0"},
      {"explain", "x", "--color", "sometimes"},
      {"explain", "x", "--top", "-1"},
      {"explain", "x", "--method", "magic"},
      {"explain", "x\xFF"},
      {"predict", "x\xFF"},
      {"models", "\xFF"},
      {"predict", "x", "--truncation", "yes"},
  };
  for (const std::vector<const char*>& arguments : wrong) {
    const Outcome outcome = RunLimpid(arguments);
    EXPECT_EQ(outcome.code, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(outcome.err, StartsWith("limpid: "));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST(CommandLine, HelpAndVersionGoToStandardOutput) {
  EXPECT_THAT(RunLimpid({"--version"}).out, StartsWith("limpid 0."));
  EXPECT_THAT(RunLimpid({"--help"}).out, HasSubstr("Exit codes: 0 done"));
  const Outcome help = RunLimpid({"explain", "--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* word : {"head_importance", "A-vs-B", "LAYERS[:HEADS]", "LIMPID_SERVER"}) {
    EXPECT_THAT(help.out, HasSubstr(word));
  }
}

}  // namespace
}  // namespace limpid::client
