#include "rpc/open_inference/infer_call.h"

#include <algorithm>
#include <memory>
#include <stop_token>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "open_inference/grpc_predict_v2.pb.h"
#include "rpc/decode.h"
#include "rpc/open_inference/find_model.h"
#include "rpc/open_inference/input_tensors.h"
#include "rpc/open_inference/outputs.h"
#include "rpc/open_inference/parameters.h"

namespace limpid::rpc {
namespace {

// A refusal that names a field of limpid.v1.ExplainRequest names what the caller has set instead.
absl::Status InTheirWords(const absl::Status& status, const std::string& method, size_t index) {
  const std::string element = absl::StrCat("[", index, "]");
  const std::pair<std::string, std::string> names[] = {{"input.text_pair", absl::StrCat("text_pair", element)},
                                                       {"input.text", absl::StrCat("text", element)},
                                                       {"input.truncation", "truncation"},
                                                       {"input:", absl::StrCat("text", element, ":")},
                                                       {"target.contrast.target", "target"},
                                                       {"target.contrast.foil", "foil"},
                                                       {"target.class", "target"},
                                                       {absl::StrCat("methods[0].", method), "method"},
                                                       {"methods[0]", "method"}};
  for (const auto& [ours, theirs] : names) {
    if (absl::StartsWith(status.message(), ours)) {
      return base::WithMessage(status, absl::StrCat(theirs, status.message().substr(ours.size())));
    }
  }
  return status;
}

class InferCall final : public UnaryCall<inference::ModelInferRequest, inference::ModelInferResponse> {
 public:
  explicit InferCall(const UnaryArguments& arguments) : UnaryCall("ModelInfer", arguments) {}

 private:
  class Item;

  absl::Status Begin(const inference::ModelInferRequest& message) override;
  absl::StatusOr<std::vector<explain::ExplainRequest>> ReadRequests(const inference::ModelInferRequest& message);
  void StartItems(std::vector<explain::ExplainRequest> requests);
  void Fail(const absl::Status& status);
  // One of `num_open_` is over.
  void Close();
  absl::Status MakeResponse();

  // The items notice and end with CANCELLED.
  void OnCancel() override { stop_.request_stop(); }

  std::stop_source stop_;
  std::shared_ptr<const explain::Model> model_;
  TensorForm form_ = TensorForm::kTyped;
  InferParameters parameters_;
  Outputs outputs_;
  std::vector<TextAnswer> answers_;  // each its item's, until all items have ended

  absl::Mutex mutex_;
  size_t num_open_ ABSL_GUARDED_BY(mutex_) = 1;  // items that have not ended, and the loop that starts them
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
};

// The sink of one text's session.
class InferCall::Item final : public explain::EventSink {
 public:
  Item(std::shared_ptr<InferCall> call, size_t index)
      : call_(std::move(call)),
        index_(index),
        record_(call_->environment_, "ModelInfer", call_->record_.caller(), absl::StrCat(index)) {}

  void Start(explain::ExplainRequest request, absl::Time deadline, std::shared_ptr<Item> self) {
    record_.SetRequest(request, *call_->model_);
    call_->environment_.explainer->Explain(
        std::move(request), ContextOf(record_.caller(), call_->stop_.get_token(), deadline, record_.progress()),
        std::move(self));
  }

  void Emit(explain::Event event) override {
    const absl::Status survived = Guarded([&] {
      record_.Observe(event);
      Take(std::move(event), &call_->answers_[index_]);
    });
    if (!survived.ok()) failure_ = survived;
  }

  void End(absl::Status status) override {
    if (status.ok()) status = failure_;
    status = InTheirWords(WithStage(status, record_.stage()), call_->parameters_.method, index_);
    record_.Finish(status);
    if (!status.ok()) call_->Fail(status);
    call_->Close();
  }

 private:
  static void Take(explain::Event event, TextAnswer* answer) {
    if (auto* prediction = std::get_if<explain::PredictionEvent>(&event)) {
      answer->prediction = std::move(*prediction);
      // The best tokens are kept; the others may be a whole vocabulary.
      if (!answer->prediction.best_tokens.empty()) answer->prediction.prediction.logits = {};
    } else if (auto* attribution = std::get_if<explain::AttributionEvent>(&event)) {
      answer->attribution = std::move(*attribution);
    } else if (auto* attention = std::get_if<explain::AttentionEvent>(&event)) {
      answer->attention.push_back(std::move(*attention));
    }
  }

  const std::shared_ptr<InferCall> call_;
  const size_t index_;
  RequestRecord record_;
  absl::Status failure_;
};

absl::Status InferCall::Begin(const inference::ModelInferRequest& message) {
  ABSL_ASSIGN_OR_RETURN(model_, FindModel(*environment_.explainer, message.model_name(), message.model_version()));
  ABSL_ASSIGN_OR_RETURN(std::vector<explain::ExplainRequest> requests, ReadRequests(message));
  form_ = message.raw_input_contents().empty() ? TensorForm::kTyped : TensorForm::kRaw;
  response_.set_model_name(model_->name);
  response_.set_model_version(model_->engine->card().weights_sha256);
  response_.set_id(message.id());
  answers_.resize(requests.size());
  const absl::Status survived = Guarded([&] { StartItems(std::move(requests)); });
  if (!survived.ok()) Fail(survived);
  Close();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<explain::ExplainRequest>> InferCall::ReadRequests(
    const inference::ModelInferRequest& message) {
  ABSL_ASSIGN_OR_RETURN(const InputTexts inputs, ReadInputTexts(message, environment_.max_requests_per_stream));
  ABSL_ASSIGN_OR_RETURN(parameters_, ReadInferParameters(message));
  ABSL_ASSIGN_OR_RETURN(outputs_, ChooseOutputs(message, model_->engine->card(), &parameters_));
  parameters_.request.set_model(model_->name);
  std::vector<explain::ExplainRequest> requests;
  for (size_t i = 0; i < inputs.texts.size(); ++i) {
    parameters_.request.mutable_input()->set_text(inputs.texts[i]);
    if (!inputs.pairs.empty()) parameters_.request.mutable_input()->set_text_pair(inputs.pairs[i]);
    absl::StatusOr<explain::ExplainRequest> request = DecodeExplainRequest(parameters_.request);
    if (!request.ok()) return InTheirWords(request.status(), parameters_.method, i);
    requests.push_back(*std::move(request));
  }
  return requests;
}

void InferCall::StartItems(std::vector<explain::ExplainRequest> requests) {
  const absl::Time deadline =
      std::min(RequestDeadline(*context_, environment_.max_request_time), absl::Now() + parameters_.time_limit);
  for (size_t i = 0; i < requests.size() && !stop_.stop_requested(); ++i) {
    const auto item = std::make_shared<Item>(std::static_pointer_cast<InferCall>(self()), i);
    {
      absl::MutexLock lock(&mutex_);
      ++num_open_;
    }
    item->Start(std::move(requests[i]), deadline, item);
  }
}

void InferCall::Fail(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    // What was stopped because of the first failure fails after it.
    if (failure_.ok()) failure_ = status;
  }
  stop_.request_stop();
}

void InferCall::Close() {
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    if (--num_open_ > 0) return;
    status = failure_;
  }
  if (status.ok() && stop_.stop_requested()) status = absl::CancelledError("cancelled by the caller");
  if (status.ok()) {
    const absl::Status survived = Guarded([&] { status = MakeResponse(); });
    if (!survived.ok()) status = survived;
  }
  Conclude(status);
}

absl::Status InferCall::MakeResponse() {
  ABSL_ASSIGN_OR_RETURN(std::vector<Tensor> tensors, MakeOutputs(outputs_, model_->engine->card(), answers_));
  // The maps are copied; what reserves their bytes stays until the answer has left.
  for (TextAnswer& answer : answers_) {
    for (explain::AttentionEvent& layer : answer.attention) layer.maps = {};
  }
  for (Tensor& tensor : tensors) EncodeTensor(std::move(tensor), form_, &response_);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* StartModelInferCall(const UnaryArguments& arguments) {
  return StartCall<InferCall>(arguments);
}

}  // namespace limpid::rpc
