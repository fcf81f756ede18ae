#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "open_inference/grpc_predict_v2.pb.h"
#include "rpc/caller.h"
#include "rpc/environment.h"
#include "rpc/open_inference/outputs.h"
#include "rpc/open_inference/parameters.h"
#include "rpc/open_inference/tensor.h"

namespace limpid::rpc {

// The answer to one ModelInferRequest: a limpid.v1 explanation of each text, gathered into tensors. Each is admitted,
// limited, counted and logged as a request of its own, as in an ExplainMany stream; the first that fails ends all.
// Keeps what reserves the answer's memory until it is destroyed. Thread-safe; kept alive by its texts until OnEnd.
class Inference : public std::enable_shared_from_this<Inference> {
 public:
  // Once, from any thread, if Begin returned OK; with OK the response is complete. Gone when it returns.
  using OnEnd = absl::AnyInvocable<void(absl::Status)>;
  struct Parts {
    const Environment& environment;
    const char* rpc;   // of the log's lines
    std::string item;  // of the log's lines: what names the request within its call, if anything must
    Caller caller;
    std::stop_token stop;  // the caller has gone
    absl::Time deadline;
  };

  Inference(Parts parts, OnEnd on_end);

  // Returns at once. INVALID_ARGUMENT naming the field in the words of the request, NOT_FOUND for the model: OnEnd does
  // not come then.
  absl::Status Begin(const inference::ModelInferRequest& message);

  inference::ModelInferResponse* mutable_response() { return &response_; }

 private:
  class Item;

  absl::StatusOr<std::vector<explain::ExplainRequest>> ReadRequests(const inference::ModelInferRequest& message);
  void StartItems(std::vector<explain::ExplainRequest> requests);
  void Fail(const absl::Status& status);
  // One of `num_open_` is over.
  void Close();
  absl::Status MakeResponse();

  const Parts parts_;
  OnEnd on_end_;
  // Of all texts, when the caller has gone or one has failed.
  std::stop_source stop_;
  const std::stop_callback<std::function<void()>> on_gone_;

  std::shared_ptr<const explain::Model> model_;
  TensorForm form_ = TensorForm::kTyped;
  InferParameters parameters_;
  Outputs outputs_;
  std::vector<TextAnswer> answers_;  // each its item's, until all items have ended
  inference::ModelInferResponse response_;

  absl::Mutex mutex_;
  size_t num_open_ ABSL_GUARDED_BY(mutex_) = 1;  // items that have not ended, and the loop that starts them
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace limpid::rpc
