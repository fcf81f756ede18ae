#include "playground/relay.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

namespace limpid::playground {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// Answers with a prediction, then as the text of the request says.
class FakeService final : public v1::Explainer::Service {
 public:
  grpc::Status Explain(grpc::ServerContext* context, const v1::ExplainRequest* request,
                       grpc::ServerWriter<v1::ExplainResponse>* writer) override {
    const auto found = context->client_metadata().find("authorization");
    if (found != context->client_metadata().end())
      authorization = std::string(found->second.data(), found->second.size());
    v1::ExplainResponse part;
    part.mutable_prediction();
    writer->Write(part);
    const std::string& text = request->input().text();
    if (text == "fail") return {grpc::StatusCode::INTERNAL, "broken"};
    while (text == "hang" && !context->IsCancelled()) absl::SleepFor(absl::Milliseconds(1));
    part.mutable_summary();
    writer->Write(part);
    was_cancelled = context->IsCancelled();
    return grpc::Status::OK;
  }

  std::string authorization;
  std::atomic<bool> was_cancelled = false;
};

class RelayTest : public testing::Test {
 protected:
  RelayTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }

  // Keeps what is written, and is there as long as `is_there` says.
  Relay::Reader Reader(std::function<bool()> is_there) {
    return {.write =
                [this, is_there](std::string_view line) {
                  lines_.emplace_back(line);
                  return is_there();
                },
            .heartbeat = absl::Milliseconds(5)};
  }

  void Explain(const std::string& text, const Relay::Reader& reader, const std::string& authorization = "") {
    v1::ExplainRequest request;
    request.mutable_input()->set_text(text);
    Relay(server_->InProcessChannel({}), authorization, reader).Explain(request);
  }

  bool WasCancelled() {
    server_->Shutdown();  // waits for the service
    return service_.was_cancelled;
  }

  std::vector<std::string> Parts() const {
    std::vector<std::string> parts;
    for (const std::string& line : lines_) {
      if (line != "\n") parts.push_back(line);
    }
    return parts;
  }

  FakeService service_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::string> lines_;
};

TEST_F(RelayTest, WritesEachPartAsItsOwnLine) {
  Explain("text", Reader([] { return true; }), "Bearer abc");
  EXPECT_THAT(Parts(), ElementsAre(StartsWith("{\"prediction\":"), StartsWith("{\"summary\":")));
  EXPECT_EQ(service_.authorization, "Bearer abc");
}

TEST_F(RelayTest, EndsWithTheErrorOfACallThatFailed) {
  Explain("fail", Reader([] { return true; }));
  EXPECT_THAT(Parts(), ElementsAre(StartsWith("{\"prediction\":"), HasSubstr("\"message\":\"broken\"")));
  EXPECT_EQ(service_.authorization, "");
}

TEST_F(RelayTest, SeesByBlankLinesThatTheReaderHasGoneAndCancels) {
  Explain("hang", Reader([this] { return lines_.empty() || lines_.back() != "\n"; }));
  EXPECT_TRUE(WasCancelled());
  EXPECT_THAT(lines_, testing::Contains("\n"));
}

TEST_F(RelayTest, CancelsWhereAPartCannotBeWritten) {
  Explain("hang", Reader([] { return false; }));
  EXPECT_TRUE(WasCancelled());
}

TEST_F(RelayTest, CancelsWhenItIsToStop) {
  Relay::Reader reader = Reader([] { return true; });
  reader.stops = [this] { return !lines_.empty(); };
  Explain("hang", reader);
  EXPECT_TRUE(WasCancelled());
  EXPECT_THAT(lines_.back(), HasSubstr("\"code\":1,"));
}

TEST_F(RelayTest, TellsWhatTheServiceDoesNotHave) {
  Relay(server_->InProcessChannel({}), "", Reader([] { return true; })).ListModels();
  EXPECT_THAT(Parts(), ElementsAre(HasSubstr("\"code\":12,")));
}

}  // namespace
}  // namespace limpid::playground
