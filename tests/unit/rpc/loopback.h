#pragma once

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "explain/explainer.h"
#include "limpid/v1/explain.grpc.pb.h"
#include "methods/registry.h"
#include "rpc/rpc_server.h"
#include "schedule/compute_worker.h"
#include "support/callback_queue_pin.h"
#include "support/fake_engine.h"
#include "support/fake_tokenizer.h"

namespace limpid::testing {

// The whole server but for LibTorch, on a loopback port: the real rooms over two fake engines, "classifier" (the
// default) and "encoder".
class Loopback {
 public:
  explicit Loopback(rpc::RpcServerOptions options = {}, explain::Limits limits = {},
                    schedule::AdmissionOptions admission = {}, bool is_open = true) {
    classifier_ = AddModel("classifier", ClassifierCard());
    AddModel("encoder", EncoderCard());
    admission_.emplace(admission, &speed_, &metrics_);
    scheduler_.emplace(schedule::SchedulerOptions{}, &speed_, &metrics_);
    explainer_.emplace(
        explain::ExplainerParts{
            .models = &models_, .admission = &*admission_, .scheduler = &*scheduler_, .pool = &pool_, .timer = &timer_},
        limits);
    options.listen = "127.0.0.1:0";
    server_ = *rpc::RpcServer::Start(options, parts());
    if (is_open) server_->Open();
  }
  ~Loopback() { classifier_->Release(); }

  rpc::RpcServerParts parts() {
    return {.explainer = &*explainer_, .pool = &pool_, .timer = &timer_, .metrics = &metrics_, .log = &log_};
  }
  std::string address() const { return absl::StrCat("127.0.0.1:", server_->port()); }
  std::shared_ptr<grpc::Channel> Channel(const std::string& service_config = "") const {
    grpc::ChannelArguments arguments;
    // Ports come back; connections to the server that had one before must not.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(4 << 20);
    if (!service_config.empty()) arguments.SetServiceConfigJSON(service_config);
    return grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
  }

  FakeEngine& classifier() { return *classifier_; }
  rpc::RpcServer& server() { return *server_; }
  schedule::ComputeWorker& scheduler() { return *scheduler_; }
  telemetry::Metrics& metrics() { return metrics_; }
  telemetry::Log& log_writer() { return log_; }
  std::string log() const { return lines_.str(); }

  // Waits until no request is inside and no stream open: whatever a test did, nothing of it may be left.
  void AwaitIdle() const {
    while (metrics_.inflight_requests->Value() > 0 || metrics_.streams->Value() > 0) {
      absl::SleepFor(absl::Milliseconds(1));
    }
  }

 private:
  FakeEngine* AddModel(const std::string& name, engine::ModelCard card) {
    auto model = std::make_shared<explain::Model>();
    model->name = name;
    model->tokenizer = std::make_unique<FakeTokenizer>();
    auto engine = std::make_unique<FakeEngine>(std::move(card));
    FakeEngine* kept = engine.get();
    model->engine = std::move(engine);
    model->metrics = metrics_.AddModel(name, methods::MethodNames());
    EXPECT_TRUE(models_.Add(std::move(model)).ok());
    return kept;
  }

  std::ostringstream lines_;
  telemetry::Log log_{telemetry::LogLevel::kInfo, telemetry::LogFormat::kText, &lines_};
  telemetry::Metrics metrics_{"test"};
  explain::ModelRegistry models_;
  FakeEngine* classifier_ = nullptr;
  schedule::Speed speed_;
  std::optional<schedule::Admission> admission_;
  base::Timer timer_;
  base::WorkerPool pool_{"pool", 2};
  std::optional<schedule::ComputeWorker> scheduler_;
  std::optional<explain::Explainer> explainer_;
  std::unique_ptr<rpc::RpcServer> server_;
};

// A text of `words` words; the classifier's tokenizer makes two tokens more of it.
inline std::string Words(size_t words) {
  std::string text = "word";
  for (size_t i = 1; i < words; ++i) text += absl::StrCat(" w", i);
  return text;
}

inline v1::ExplainRequest SaliencyRequest(const std::string& text = "a few words") {
  v1::ExplainRequest request;
  request.mutable_input()->set_text(text);
  request.add_methods()->mutable_saliency();
  return request;
}

// "prediction", "attribution 0", "attention", "summary".
inline std::string PartName(const v1::ExplainResponse& response) {
  switch (response.part_case()) {
    case v1::ExplainResponse::kPrediction:
      return "prediction";
    case v1::ExplainResponse::kAttribution:
      return absl::StrCat("attribution ", response.attribution().method_index());
    case v1::ExplainResponse::kAttention:
      return "attention";
    case v1::ExplainResponse::kQuality:
      return absl::StrCat("quality ", response.quality().method_index());
    case v1::ExplainResponse::kSummary:
      return "summary";
    case v1::ExplainResponse::PART_NOT_SET:
      break;
  }
  return "nothing";
}

inline std::string Trailer(const grpc::ClientContext& context, const std::string& key) {
  const auto found = context.GetServerTrailingMetadata().find(key);
  if (found == context.GetServerTrailingMetadata().end()) return "";
  return std::string(found->second.data(), found->second.size());
}

// A unary call with bytes of the test's choice.
inline grpc::Status CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                            const std::string& request, std::string* response) {
  grpc::ClientContext context;
  const grpc::Slice slice(request);
  grpc::ByteBuffer request_bytes(&slice, 1), response_bytes;
  grpc::Status status;
  absl::Notification done;
  grpc::GenericStub(channel).UnaryCall(&context, method, {}, &request_bytes, &response_bytes, [&](grpc::Status ended) {
    status = std::move(ended);
    done.Notify();
  });
  done.WaitForNotification();
  grpc::Slice whole;
  if (response_bytes.DumpToSingleSlice(&whole).ok()) {
    response->assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
  }
  return status;
}

// A stream in both directions with bytes of the test's choice.
class RawStream {
 public:
  RawStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) : stub_(channel) {
    stream_ = stub_.PrepareCall(&context_, method, &queue_);
    stream_->StartCall(nullptr);
    Next();
  }
  ~RawStream() {
    context_.TryCancel();
    Finish();
  }
  bool Write(const std::string& bytes) {
    const grpc::Slice slice(bytes);
    stream_->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    return Next();
  }
  // Nothing after the last message.
  std::optional<std::string> Read() {
    grpc::ByteBuffer bytes;
    stream_->Read(&bytes, nullptr);
    if (!Next()) return std::nullopt;
    grpc::Slice whole;
    if (!bytes.DumpToSingleSlice(&whole).ok()) return "";
    return std::string(reinterpret_cast<const char*>(whole.begin()), whole.size());
  }
  grpc::Status Finish() {
    if (!status_.has_value()) {
      stream_->Finish(&status_.emplace(), nullptr);
      Next();
    }
    return *status_;
  }

 private:
  bool Next() {
    void* tag;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  std::optional<grpc::Status> status_;
};

}  // namespace limpid::testing
