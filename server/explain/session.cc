#include "explain/session.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/reason.h"
#include "base/status_macros.h"
#include "explain/attribution.h"
#include "explain/input.h"
#include "explain/method.h"
#include "explain/method_runs.h"
#include "explain/prediction.h"
#include "explain/preparation.h"
#include "explain/session_base.h"

namespace limpid::explain {
namespace {

// When a caller who takes a partial answer gets it: early enough that it arrives before his deadline.
absl::Time PartialTime(const ExplainRequest& request, absl::Time deadline) {
  if (!request.allow_partial || deadline == absl::InfiniteFuture()) return absl::InfiniteFuture();
  const absl::Duration tenth = (deadline - absl::Now()) / 10;
  return deadline - std::clamp(tenth, absl::Milliseconds(20), absl::Seconds(1));
}

class Session final : public SessionBase {
 public:
  Session(const Workplace& workplace, SessionStart start)
      : SessionBase(workplace, std::move(start.model), std::move(start.context), std::move(start.permit),
                    std::move(start.sink)),
        request_(std::move(start.request)),
        methods_(request_.methods, request_.quality) {}

  void Start() {
    partial_timer_ =
        workplace_.parts.timer->Schedule(PartialTime(request_, context_.deadline), [session = weak_from_this()] {
          const auto self = std::static_pointer_cast<Session>(session.lock());
          if (self != nullptr) self->Post([self = self.get()] { return self->BeContent(); });
        });
    Post([this] { return Begin(); });
  }

 private:
  absl::Status Begin();
  absl::Status SubmitReference();
  absl::Status SubmitProbe();
  absl::Status SubmitBase();
  void Submit(std::vector<engine::Row> rows, absl::Status (Session::*then)(Results));
  void Announce(schedule::RowGroup* group);

  absl::Status TakeReference(Results results);
  absl::Status TakeProbe(Results results);
  absl::Status TakeBase(Results results);
  absl::Status TakeMore(Results results);
  absl::Status Fold(std::span<engine::RowResult> results);
  absl::Status Finish();
  absl::Status BeContent();
  absl::Status FinishPartially();

  absl::Status EmitPrediction(const engine::Prediction& prediction);
  absl::Status EmitLayers();
  absl::Status OnFailure(absl::Status status) override;

  MethodInput method_input() const { return InputOf(*model_, request_, prepared_); }

  const ExplainRequest request_;
  base::Timer::Handle partial_timer_;

  struct Layer {
    size_t index;  // in Wanted::attention_layers
    engine::HostTensor maps;
  };
  absl::Mutex layers_mutex_;
  std::deque<Layer> arrived_layers_ ABSL_GUARDED_BY(layers_mutex_);

  // What follows is the steps'.
  bool is_late_ = false;  // the partial answer's time has come
  Preparation prepared_;
  engine::RowResult base_;
  MethodRuns methods_;
  std::vector<int32_t> emitted_layers_;
};

// What the deadline cut short may be enough for the caller.
absl::Status Session::OnFailure(absl::Status status) {
  return absl::IsDeadlineExceeded(status) && request_.allow_partial ? FinishPartially() : status;
}

absl::Status Session::Begin() {
  const absl::Time start = absl::Now();
  context_.progress->stage = Stage::kTokenize;
  ABSL_ASSIGN_OR_RETURN(prepared_, Prepare(*model_, request_, *workplace_.limits, &methods_));
  summary_.tokenize_ms = absl::ToDoubleMilliseconds(absl::Now() - start);
  ABSL_RETURN_IF_ERROR(permit_->Revise(prepared_.demand));
  return prepared_.similarity_encoding.has_value() ? SubmitReference() : SubmitProbe();
}

// The target's value needs the other text's embedding first.
absl::Status Session::SubmitReference() {
  Submit({RowOfTokens(*prepared_.similarity_encoding)}, &Session::TakeReference);
  return absl::OkStatus();
}

absl::Status Session::TakeReference(Results results) {
  ABSL_RETURN_IF_ERROR(results.status());
  ABSL_RETURN_IF_ERROR(CheckPrediction(results->front().prediction, {}));
  auto embedding = std::make_shared<const std::vector<float>>(std::move(results->front().prediction.embedding));
  prepared_.base_row.target.reference = std::move(embedding);
  return SubmitProbe();
}

// The prediction alone, if something depends on it.
absl::Status Session::SubmitProbe() {
  if (!prepared_.condition.has_value()) return SubmitBase();
  engine::Row probe = prepared_.base_row;
  probe.wanted = {};
  Submit({std::move(probe)}, &Session::TakeProbe);
  return absl::OkStatus();
}

absl::Status Session::TakeProbe(Results results) {
  ABSL_RETURN_IF_ERROR(results.status());
  const engine::Prediction& prediction = results->front().prediction;
  ABSL_RETURN_IF_ERROR(EmitPrediction(prediction));
  if (prepared_.condition->Holds(card(), prediction)) return SubmitBase();
  prepared_.attention.reset();
  summary_.condition_unmet = true;
  return Finish();
}

absl::Status Session::SubmitBase() {
  Submit({prepared_.base_row}, &Session::TakeBase);
  return absl::OkStatus();
}

void Session::Submit(std::vector<engine::Row> rows, absl::Status (Session::*then)(Results)) {
  SubmitRows(
      std::move(rows), {.priority = request_.priority, .takes_part = request_.allow_partial},
      [this, then](Results results) { return (this->*then)(std::move(results)); },
      [&](schedule::RowGroup* group) {
        if (then == &Session::TakeBase) Announce(group);
      });
}

// What leaves while the base row's batch runs.
void Session::Announce(schedule::RowGroup* group) {
  // Without a backward pass the result comes as early.
  if (prepared_.base_row.wanted.needs_backward()) {
    group->on_prediction = [this, self = shared_from_this()](size_t row_index, const engine::Prediction& prediction) {
      if (row_index > 0) return;
      Post([this, prediction] {
        const absl::Status emitted = EmitPrediction(prediction);
        return emitted.ok() && is_late_ ? FinishPartially() : emitted;
      });
    };
  }
  if (!prepared_.attention.has_value()) return;
  group->on_attention = [this, self = shared_from_this()](size_t row_index, size_t index,
                                                          const engine::HostTensor& maps) {
    if (row_index > 0) return;
    {
      absl::MutexLock lock(&layers_mutex_);
      arrived_layers_.push_back({index, maps});
    }
    Post([this] { return EmitLayers(); });
  };
}

absl::Status Session::TakeBase(Results results) {
  ABSL_RETURN_IF_ERROR(results.status());
  context_.progress->stage = Stage::kFold;
  base_ = std::move(results->front());
  // They have left on their own, or are about to.
  base_.attention.clear();
  if (prepared_.attention.has_value()) ABSL_RETURN_IF_ERROR(EmitLayers());
  permit_->Release(prepared_.passing_bytes);
  ABSL_RETURN_IF_ERROR(EmitPrediction(base_.prediction));
  return Fold({});
}

absl::Status Session::TakeMore(Results results) {
  ABSL_RETURN_IF_ERROR(results.status());
  context_.progress->stage = Stage::kFold;
  return Fold(*results);
}

absl::Status Session::Fold(std::span<engine::RowResult> results) {
  const MethodRuns::Receiver receiver = {.on_scores =
                                             [this](size_t index, TokenScores scores, bool is_refining) {
                                               AttributionEvent event =
                                                   MakeAttribution(index, std::move(scores), prepared_.units, request_);
                                               event.is_refining = is_refining;
                                               sink_.Emit(std::move(event));
                                             },
                                         .on_quality = [this](QualityEvent event) { sink_.Emit(std::move(event)); }};
  ABSL_ASSIGN_OR_RETURN(std::vector<engine::Row> more, methods_.Fold(method_input(), base_, results, receiver));
  if (more.empty()) return Finish();
  const schedule::Demand grown = TakeUnexpected(DemandOf(*model_->engine, more), &prepared_.later);
  permit_->Grow(grown.tokens, grown.flops);
  Submit(std::move(more), &Session::TakeMore);
  return absl::OkStatus();
}

absl::Status Session::EmitPrediction(const engine::Prediction& prediction) {
  ABSL_RETURN_IF_ERROR(CheckPrediction(prediction, prepared_.base_row.target));
  sink_.EmitPrediction(
      [&] { return MakePredictionEvent(*model_, prepared_.encoding, prepared_.base_row.target, prediction); });
  return absl::OkStatus();
}

absl::Status Session::EmitLayers() {
  std::deque<Layer> arrived;
  {
    absl::MutexLock lock(&layers_mutex_);
    arrived.swap(arrived_layers_);
  }
  const std::vector<int32_t>& asked = prepared_.attention->layers();
  for (const Layer& layer : arrived) {
    const int32_t number = prepared_.base_row.wanted.attention_layers[layer.index];
    // A method may want more layers than the caller.
    if (!std::binary_search(asked.begin(), asked.end(), number)) continue;
    AttentionEvent event = prepared_.attention->MakeEvent(number, layer.maps);
    event.reservation = permit_;
    sink_.Emit(std::move(event));
    emitted_layers_.push_back(number);
  }
  return absl::OkStatus();
}

absl::Status Session::Finish() {
  if (prepared_.attention.has_value()) {
    ABSL_RETURN_IF_ERROR(EmitLayers());
    summary_.attention_bytes = prepared_.attention->num_bytes();
  }
  EndWithSummary();
  return absl::OkStatus();
}

// What is there now, if it is worth anything; else as soon as it is.
absl::Status Session::BeContent() {
  is_late_ = true;
  return sink_.has_prediction() ? FinishPartially() : absl::OkStatus();
}

absl::Status Session::FinishPartially() {
  if (!sink_.has_prediction()) {
    return base::WithReason(absl::DeadlineExceededError("the deadline is too near for any part of the answer"),
                            base::Reason::kExpired);
  }
  summary_.partial = true;
  for (size_t i = methods_.num_sent(); i < methods_.size(); ++i) {
    summary_.missing_methods.push_back(static_cast<uint32_t>(i));
  }
  for (size_t i = methods_.num_measured(); methods_.is_measured() && i < methods_.size(); ++i) {
    summary_.missing_quality.push_back(static_cast<uint32_t>(i));
  }
  if (!prepared_.attention.has_value()) return Finish();
  ABSL_RETURN_IF_ERROR(EmitLayers());
  for (int32_t layer : prepared_.attention->layers()) {
    const bool was_emitted = std::find(emitted_layers_.begin(), emitted_layers_.end(), layer) != emitted_layers_.end();
    if (!was_emitted) summary_.missing_attention_layers.push_back(static_cast<uint32_t>(layer));
  }
  return Finish();
}

}  // namespace

void StartSession(const Workplace& workplace, SessionStart start) {
  std::make_shared<Session>(workplace, std::move(start))->Start();
}

}  // namespace limpid::explain
