#include "rpc/model_call.h"

#include <memory>
#include <stop_token>
#include <utility>
#include <variant>

#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "limpid/v1/explain.pb.h"
#include "rpc/decode.h"
#include "rpc/encode.h"
#include "rpc/unary_call.h"

namespace limpid::rpc {
namespace {

// An explanation without methods, gathered.
class PredictCall final : public UnaryCall<v1::PredictRequest, v1::PredictResponse>, public explain::EventSink {
 public:
  explicit PredictCall(const UnaryArguments& arguments) : UnaryCall("Predict", arguments) {}

  // explain::EventSink
  void Emit(explain::Event event) override {
    const absl::Status survived = Guarded([&] {
      record_.Observe(event);
      if (const auto* prediction = std::get_if<explain::PredictionEvent>(&event)) {
        EncodePrediction(*prediction, model_->engine->card(), response_.mutable_prediction());
      } else if (const auto* summary = std::get_if<explain::SummaryEvent>(&event)) {
        EncodeSummary(*summary, response_.mutable_summary());
      }
    });
    if (!survived.ok()) encoding_failure_ = survived;
  }
  void End(absl::Status status) override { Conclude(status.ok() ? encoding_failure_ : status); }

 private:
  absl::Status Begin(const v1::PredictRequest& message) override {
    ABSL_ASSIGN_OR_RETURN(explain::ExplainRequest request, DecodePredictRequest(message));
    ABSL_ASSIGN_OR_RETURN(model_, environment_.explainer->Find(request.model));
    record_.SetRequest(request, *model_);
    const absl::Time deadline = RequestDeadline(*context_, environment_.max_request_time);
    environment_.explainer->Explain(std::move(request),
                                    ContextOf(record_.caller(), stop_.get_token(), deadline, record_.progress()),
                                    std::static_pointer_cast<PredictCall>(self()));
    return absl::OkStatus();
  }

  // The session notices and ends with CANCELLED.
  void OnCancel() override { stop_.request_stop(); }

  std::stop_source stop_;
  std::shared_ptr<const explain::Model> model_;
  absl::Status encoding_failure_;
};

// A call that tokenizes, on the pool: a long text takes longer than one of gRPC's few threads may be held.
template <typename Request, typename Response>
class PoolCall : public UnaryCall<Request, Response> {
 public:
  using UnaryCall<Request, Response>::UnaryCall;

 protected:
  void RunOnPool() {
    deadline_ = RequestDeadline(*this->context_, this->environment_.max_request_time);
    this->environment_.pool->Post([this] {
      absl::Status done;
      const absl::Status survived = Guarded([&] { done = CheckCaller(); });
      this->Conclude(survived.ok() ? done : survived);
    });
  }
  explain::CallContext context() const {
    return ContextOf(this->record_.caller(), {}, deadline_, this->record_.progress());
  }

 private:
  // Fills `response_`.
  virtual absl::Status Run() = 0;

  absl::Status CheckCaller() {
    if (this->context_->IsCancelled()) return absl::CancelledError("cancelled by the caller");
    return absl::Now() < deadline_ ? Run() : Expired();
  }

  absl::Time deadline_;
};

class TokenizeCall final : public PoolCall<v1::TokenizeRequest, v1::TokenizeResponse> {
 public:
  explicit TokenizeCall(const UnaryArguments& arguments) : PoolCall("Tokenize", arguments) {}

 private:
  absl::Status Begin(const v1::TokenizeRequest& message) override {
    model_ = message.model();
    ABSL_ASSIGN_OR_RETURN(input_, DecodeInput(message.input()));
    RunOnPool();
    return absl::OkStatus();
  }

  absl::Status Run() override {
    ABSL_ASSIGN_OR_RETURN(const text::Encoding encoding, environment_.explainer->Tokenize(model_, input_, context()));
    EncodeTokens(encoding.tokens, response_.mutable_tokens());
    response_.set_truncated(encoding.truncated);
    return absl::OkStatus();
  }

  std::string model_;
  explain::Input input_;
};

class EstimateCostCall final : public PoolCall<v1::EstimateCostRequest, v1::EstimateCostResponse> {
 public:
  explicit EstimateCostCall(const UnaryArguments& arguments) : PoolCall("EstimateCost", arguments) {}

 private:
  absl::Status Begin(const v1::EstimateCostRequest& message) override {
    ABSL_ASSIGN_OR_RETURN(request_, DecodeExplainRequest(message.request()));
    RunOnPool();
    return absl::OkStatus();
  }

  absl::Status Run() override {
    ABSL_ASSIGN_OR_RETURN(const explain::CostEstimate estimate,
                          environment_.explainer->EstimateCost(request_, context()));
    EncodeEstimate(estimate, &response_);
    return absl::OkStatus();
  }

  explain::ExplainRequest request_;
};

class ListModelsCall final : public UnaryCall<v1::ListModelsRequest, v1::ListModelsResponse> {
 public:
  explicit ListModelsCall(const UnaryArguments& arguments) : UnaryCall("ListModels", arguments) {}

 private:
  absl::Status Begin(const v1::ListModelsRequest&) override {
    const explain::Explainer& explainer = *environment_.explainer;
    const auto models = explainer.models().List();
    for (const auto& model : models) {
      v1::Model* encoded = response_.add_models();
      EncodeModel(*model, explainer.limits(), model == models.front(), encoded);
      EncodeServer(environment_.facts, encoded->mutable_server());
    }
    Conclude(absl::OkStatus());
    return absl::OkStatus();
  }
};

class GetModelCall final : public UnaryCall<v1::GetModelRequest, v1::GetModelResponse> {
 public:
  explicit GetModelCall(const UnaryArguments& arguments) : UnaryCall("GetModel", arguments) {}

 private:
  absl::Status Begin(const v1::GetModelRequest& message) override {
    const explain::Explainer& explainer = *environment_.explainer;
    ABSL_ASSIGN_OR_RETURN(const std::shared_ptr<const explain::Model> model, explainer.Find(message.model()));
    const bool is_default = model->name == explainer.models().default_name();
    EncodeModel(*model, explainer.limits(), is_default, response_.mutable_model());
    EncodeServer(environment_.facts, response_.mutable_model()->mutable_server());
    Conclude(absl::OkStatus());
    return absl::OkStatus();
  }
};

}  // namespace

grpc::ServerUnaryReactor* StartPredictCall(const UnaryArguments& arguments) {
  return StartCall<PredictCall>(arguments);
}

grpc::ServerUnaryReactor* StartTokenizeCall(const UnaryArguments& arguments) {
  return StartCall<TokenizeCall>(arguments);
}

grpc::ServerUnaryReactor* StartEstimateCostCall(const UnaryArguments& arguments) {
  return StartCall<EstimateCostCall>(arguments);
}

grpc::ServerUnaryReactor* StartListModelsCall(const UnaryArguments& arguments) {
  return StartCall<ListModelsCall>(arguments);
}

grpc::ServerUnaryReactor* StartGetModelCall(const UnaryArguments& arguments) {
  return StartCall<GetModelCall>(arguments);
}

}  // namespace limpid::rpc
