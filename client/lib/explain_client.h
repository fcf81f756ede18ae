#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "lib/gather.h"
#include "limpid/v1/explain.grpc.pb.h"

namespace limpid::client {

// The service's calls, blocking, each with the same deadline. Thread-safe.
//
// Errors keep the server's code and message. Where no server could be reached at all the code is UNAVAILABLE and the
// message says so and what to do. An answer that breaks the contract is DATA_LOSS.
class ExplainClient {
 public:
  // `address` is for messages.
  ExplainClient(std::shared_ptr<grpc::Channel> channel, std::string address, absl::Duration timeout);

  // Reads the stream to its end.
  absl::StatusOr<Explanation> Explain(const v1::ExplainRequest& request) const;
  absl::StatusOr<v1::PredictResponse> Predict(const v1::PredictRequest& request) const;
  absl::StatusOr<v1::ListModelsResponse> ListModels() const;
  absl::StatusOr<v1::Model> GetModel(const std::string& name) const;

 private:
  void SetDeadline(grpc::ClientContext* context) const;
  absl::Status FromGrpc(const grpc::Status& status) const;

  const std::shared_ptr<grpc::Channel> channel_;
  const std::string address_;
  const absl::Duration timeout_;
  const std::unique_ptr<v1::Explainer::Stub> stub_;
};

}  // namespace limpid::client
