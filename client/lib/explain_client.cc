#include "lib/explain_client.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/client_context.h"

namespace limpid::client {
namespace {

constexpr char kPushback[] = "grpc-retry-pushback-ms";

}  // namespace

std::optional<absl::Duration> RetryPushback(const absl::Status& status) {
  const absl::optional<absl::Cord> text = status.GetPayload(kPushback);
  int64_t milliseconds = -1;
  if (!text.has_value() || !absl::SimpleAtoi(std::string(*text), &milliseconds) || milliseconds < 0)
    return std::nullopt;
  return absl::Milliseconds(milliseconds);
}

ExplainClient::ExplainClient(std::shared_ptr<grpc::Channel> channel, std::string address, absl::Duration timeout,
                             std::string token)
    : channel_(std::move(channel)),
      address_(std::move(address)),
      timeout_(timeout),
      token_(std::move(token)),
      stub_(v1::Explainer::NewStub(channel_)),
      health_stub_(grpc::health::v1::Health::NewStub(channel_)) {}

absl::StatusOr<Explanation> ExplainClient::Explain(const v1::ExplainRequest& request) const {
  grpc::ClientContext context;
  Prepare(&context);
  const std::unique_ptr<grpc::ClientReader<v1::ExplainResponse>> reader = stub_->Explain(&context, request);

  Gatherer gatherer(request);
  v1::ExplainResponse part;
  while (reader->Read(&part)) {
    if (const absl::Status added = gatherer.Add(&part); !added.ok()) {
      context.TryCancel();
      reader->Finish();
      return added;
    }
  }
  if (const absl::Status status = FromGrpc(reader->Finish(), context); !status.ok()) return status;
  return std::move(gatherer).Finish();
}

absl::Status ExplainClient::Generate(const v1::GenerateRequest& request,
                                     const std::function<void(const v1::GenerateResponse&)>& on_part) const {
  grpc::ClientContext context;
  Prepare(&context);
  const std::unique_ptr<grpc::ClientReader<v1::GenerateResponse>> reader = stub_->Generate(&context, request);
  v1::GenerateResponse part;
  bool has_summary = false;
  while (reader->Read(&part)) {
    has_summary = part.has_summary();
    on_part(part);
  }
  if (const absl::Status status = FromGrpc(reader->Finish(), context); !status.ok()) return status;
  return has_summary ? absl::OkStatus() : absl::DataLossError("the answer ended without a summary");
}

absl::StatusOr<v1::PredictResponse> ExplainClient::Predict(const v1::PredictRequest& request) const {
  grpc::ClientContext context;
  Prepare(&context);
  v1::PredictResponse response;
  if (const absl::Status status = FromGrpc(stub_->Predict(&context, request, &response), context); !status.ok())
    return status;
  return response;
}

absl::StatusOr<v1::ListModelsResponse> ExplainClient::ListModels() const {
  grpc::ClientContext context;
  Prepare(&context);
  v1::ListModelsResponse response;
  if (const absl::Status status = FromGrpc(stub_->ListModels(&context, {}, &response), context); !status.ok())
    return status;
  return response;
}

absl::StatusOr<v1::Model> ExplainClient::GetModel(const std::string& name) const {
  grpc::ClientContext context;
  Prepare(&context);
  v1::GetModelRequest request;
  request.set_model(name);
  v1::GetModelResponse response;
  if (const absl::Status status = FromGrpc(stub_->GetModel(&context, request, &response), context); !status.ok())
    return status;
  return std::move(*response.mutable_model());
}

absl::StatusOr<std::string> ExplainClient::Health(const std::string& name) const {
  grpc::ClientContext context;
  Prepare(&context);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(name);
  grpc::health::v1::HealthCheckResponse response;
  const absl::Status status = FromGrpc(health_stub_->Check(&context, request, &response), context);
  if (!status.ok()) return status;
  return grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status());
}

void ExplainClient::Prepare(grpc::ClientContext* context) const {
  // As metadata: gRPC sends call credentials over TLS only, but the connection may be secured by other means.
  if (!token_.empty()) context->AddMetadata("authorization", "Bearer " + token_);
  context->set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
}

absl::Status ExplainClient::FromGrpc(const grpc::Status& status, const grpc::ClientContext& context) const {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  const bool came_too_late = code == absl::StatusCode::kDeadlineExceeded;
  if (code == absl::StatusCode::kUnavailable || came_too_late) {
    // A server that refuses is connected; only a failed connection leaves the channel in one of these states.
    const grpc_connectivity_state state = channel_->GetState(/*try_to_connect=*/false);
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_CONNECTING) {
      return absl::UnavailableError(absl::StrCat(
          "no server answers at ", address_, "\n  start one with:    limpid-server --model NAME=FOLDER",
          "\n  or name another:   limpid ... --server HOST:PORT   (or set LIMPID_SERVER)\n  the reason:        ",
          status.error_message()));
    }
  }
  if (came_too_late) {
    return absl::DeadlineExceededError(absl::StrCat("no answer from ", address_, " within ",
                                                    absl::FormatDuration(timeout_), "; --timeout SECONDS gives more"));
  }
  absl::Status failure(code, status.error_message());
  const auto& trailers = context.GetServerTrailingMetadata();
  if (const auto found = trailers.find(kPushback); found != trailers.end()) {
    failure.SetPayload(kPushback, absl::Cord(absl::string_view(found->second.data(), found->second.size())));
  }
  return failure;
}

}  // namespace limpid::client
