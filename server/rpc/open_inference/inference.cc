#include "rpc/open_inference/inference.h"

#include <algorithm>
#include <memory>
#include <stop_token>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "open_inference/grpc_predict_v2.pb.h"
#include "rpc/decode.h"
#include "rpc/guard.h"
#include "rpc/open_inference/find_model.h"
#include "rpc/open_inference/input_tensors.h"
#include "rpc/open_inference/outputs.h"
#include "rpc/open_inference/parameters.h"
#include "rpc/request_record.h"
#include "rpc/status.h"

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

}  // namespace

// The sink of one text's session.
class Inference::Item final : public explain::EventSink {
 public:
  Item(std::shared_ptr<Inference> whole, size_t index)
      : whole_(std::move(whole)),
        index_(index),
        record_(whole_->parts_.environment, whole_->parts_.rpc, whole_->parts_.caller,
                absl::StrCat(whole_->parts_.item, index)) {}

  void Start(explain::ExplainRequest request, absl::Time deadline, std::shared_ptr<Item> self) {
    record_.SetRequest(request, *whole_->model_);
    whole_->parts_.environment.explainer->Explain(
        std::move(request), ContextOf(record_.caller(), whole_->stop_.get_token(), deadline, record_.progress()),
        std::move(self));
  }

  void Emit(explain::Event event) override {
    const absl::Status survived = Guarded([&] {
      record_.Observe(event);
      Take(std::move(event), &whole_->answers_[index_]);
    });
    if (!survived.ok()) failure_ = survived;
  }

  void End(absl::Status status) override {
    if (status.ok()) status = failure_;
    status = InTheirWords(WithStage(status, record_.stage()), whole_->parameters_.method, index_);
    record_.Finish(status);
    if (!status.ok()) whole_->Fail(status);
    whole_->Close();
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

  const std::shared_ptr<Inference> whole_;
  const size_t index_;
  RequestRecord record_;
  absl::Status failure_;
};

Inference::Inference(Parts parts, OnEnd on_end)
    : parts_(std::move(parts)), on_end_(std::move(on_end)), on_gone_(parts_.stop, [this] {
        // What this stops may be the last to hold this object.
        std::stop_source stop = stop_;
        stop.request_stop();
      }) {}

absl::Status Inference::Begin(const inference::ModelInferRequest& message) {
  ABSL_ASSIGN_OR_RETURN(model_,
                        FindModel(*parts_.environment.explainer, message.model_name(), message.model_version()));
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

absl::StatusOr<std::vector<explain::ExplainRequest>> Inference::ReadRequests(
    const inference::ModelInferRequest& message) {
  ABSL_ASSIGN_OR_RETURN(const InputTexts inputs, ReadInputTexts(message, parts_.environment.max_requests_per_stream));
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

void Inference::StartItems(std::vector<explain::ExplainRequest> requests) {
  const absl::Time deadline = std::min(parts_.deadline, absl::Now() + parameters_.time_limit);
  for (size_t i = 0; i < requests.size() && !stop_.stop_requested(); ++i) {
    const auto item = std::make_shared<Item>(shared_from_this(), i);
    {
      absl::MutexLock lock(&mutex_);
      ++num_open_;
    }
    item->Start(std::move(requests[i]), deadline, item);
  }
}

void Inference::Fail(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    // What was stopped because of the first failure fails after it.
    if (failure_.ok()) failure_ = status;
  }
  stop_.request_stop();
}

void Inference::Close() {
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
  std::exchange(on_end_, nullptr)(std::move(status));
}

absl::Status Inference::MakeResponse() {
  ABSL_ASSIGN_OR_RETURN(std::vector<Tensor> tensors, MakeOutputs(outputs_, model_->engine->card(), answers_));
  // The maps are copied; what reserves their bytes stays until the answer has left.
  for (TextAnswer& answer : answers_) {
    for (explain::AttentionEvent& layer : answer.attention) layer.maps = {};
  }
  for (Tensor& tensor : tensors) EncodeTensor(std::move(tensor), form_, &response_);
  return absl::OkStatus();
}

}  // namespace limpid::rpc
