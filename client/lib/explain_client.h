#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/channel.h"
#include "lib/gather.h"
#include "limpid/v1/explain.grpc.pb.h"

namespace limpid::client {

// When the server says that another try makes sense (its pushback); nothing if it did not say so.
std::optional<absl::Duration> RetryPushback(const absl::Status& status);

// The service's calls, blocking, each with the same deadline. Thread-safe.
//
// Errors keep the server's code and message. Where no server could be reached at all the code is UNAVAILABLE and the
// message says so and what to do. An answer that breaks the contract is DATA_LOSS.
class ExplainClient {
 public:
  // `address` is for messages. Each call shows `token`, if there is one.
  ExplainClient(std::shared_ptr<grpc::Channel> channel, std::string address, absl::Duration timeout,
                std::string token = "");

  // Reads the stream to its end.
  absl::StatusOr<Explanation> Explain(const v1::ExplainRequest& request) const;
  // Gives each part to `on_part` as it comes.
  absl::Status Generate(const v1::GenerateRequest& request,
                        const std::function<void(const v1::GenerateResponse&)>& on_part) const;
  absl::StatusOr<v1::PredictResponse> Predict(const v1::PredictRequest& request) const;
  absl::StatusOr<v1::ListModelsResponse> ListModels() const;
  absl::StatusOr<v1::Model> GetModel(const std::string& name) const;
  // What the server's health service says of `name`: "SERVING", "NOT_SERVING" or "UNKNOWN".
  absl::StatusOr<std::string> Health(const std::string& name) const;

 private:
  void Prepare(grpc::ClientContext* context) const;
  absl::Status FromGrpc(const grpc::Status& status, const grpc::ClientContext& context) const;

  const std::shared_ptr<grpc::Channel> channel_;
  const std::string address_;
  const absl::Duration timeout_;
  const std::string token_;
  std::unique_ptr<v1::Explainer::Stub> stub_;
  std::unique_ptr<grpc::health::v1::Health::Stub> health_stub_;
};

}  // namespace limpid::client
