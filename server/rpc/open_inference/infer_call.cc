#include "rpc/open_inference/infer_call.h"

#include <memory>
#include <stop_token>
#include <utility>

#include "open_inference/grpc_predict_v2.pb.h"
#include "rpc/open_inference/inference.h"

namespace limpid::rpc {
namespace {

class InferCall final : public UnaryCall<inference::ModelInferRequest, inference::ModelInferResponse> {
 public:
  explicit InferCall(const UnaryArguments& arguments) : UnaryCall("ModelInfer", arguments) {}

 private:
  absl::Status Begin(const inference::ModelInferRequest& message) override {
    inference_ = std::make_shared<Inference>(
        Inference::Parts{.environment = environment_,
                         .rpc = "ModelInfer",
                         .item = "",
                         .caller = record_.caller(),
                         .stop = stop_.get_token(),
                         .deadline = RequestDeadline(*context_, environment_.max_request_time)},
        // This call is there until it has concluded.
        [this](absl::Status status) {
          if (status.ok()) response_.Swap(inference_->mutable_response());
          Conclude(std::move(status));
        });
    return inference_->Begin(message);
  }

  void OnCancel() override { stop_.request_stop(); }

  std::stop_source stop_;
  // Until the answer has left: it holds what reserves its memory.
  std::shared_ptr<Inference> inference_;
};

}  // namespace

grpc::ServerUnaryReactor* StartModelInferCall(const UnaryArguments& arguments) {
  return StartCall<InferCall>(arguments);
}

}  // namespace limpid::rpc
