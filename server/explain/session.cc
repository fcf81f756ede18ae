#include "explain/session.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <new>
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
#include "explain/ordered_sink.h"
#include "explain/prediction.h"
#include "explain/preparation.h"
#include "explain/target.h"

namespace limpid::explain {
namespace {

using Results = absl::StatusOr<std::vector<engine::RowResult>>;

absl::Status Defect(const char* message) {
  return base::WithReason(absl::InternalError(message), base::Reason::kInvariant);
}

// When a caller who takes a partial answer gets it: early enough that it arrives before his deadline.
absl::Time PartialTime(const ExplainRequest& request, absl::Time deadline) {
  if (!request.allow_partial || deadline == absl::InfiniteFuture()) return absl::InfiniteFuture();
  const absl::Duration tenth = (deadline - absl::Now()) / 10;
  return deadline - std::clamp(tenth, absl::Milliseconds(20), absl::Seconds(1));
}

// Kept alive by the task or row group that brings its next step; when the last one is gone without a step left, the
// session has ended. Steps run one at a time.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(const Workplace& workplace, SessionStart start)
      : membership_(workplace.sessions),
        workplace_(workplace),
        model_(std::move(start.model)),
        card_(model_->engine->card()),
        request_(std::move(start.request)),
        context_(std::move(start.context)),
        permit_(std::move(start.permit)),
        caller_gone_(context_.stop, [this] { stop_.request_stop(); }),
        sink_(std::move(start.sink)),
        methods_(request_.methods, request_.quality) {}
  ~Session() { sink_.End(Defect("a step of the request was lost")); }

  void Start() {
    partial_timer_ =
        workplace_.parts.timer->Schedule(PartialTime(request_, context_.deadline), [session = weak_from_this()] {
          if (const auto self = session.lock(); self != nullptr) self->Post(&Session::BeContent);
        });
    Post(&Session::Begin);
  }

 private:
  // A step returns OK when it has brought the next one on its way or ended the session.
  template <typename Step>
  void Post(Step step) {
    workplace_.parts.pool->Post([self = shared_from_this(), step = std::move(step)]() mutable { self->Run(step); });
  }
  template <typename Step>
  void Run(Step& step);
  absl::Status CheckCaller() const;
  void End(absl::Status status);

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
  void TakeTiming(const schedule::RowTiming& timing);

  MethodInput method_input() const { return InputOf(*model_, request_, prepared_); }

  // First, to be destroyed last: whoever waits for the sessions may then take everything away.
  const LiveSessions::Membership membership_;
  const Workplace workplace_;
  const std::shared_ptr<const Model> model_;
  const engine::ModelCard& card_;
  const ExplainRequest request_;
  const CallContext context_;
  const absl::Time accepted_ = absl::Now();
  const std::shared_ptr<schedule::Admission::Permit> permit_;
  // Of the rows: the caller has gone, or the session has ended without them.
  std::stop_source stop_;
  const std::stop_callback<std::function<void()>> caller_gone_;
  base::Timer::Handle partial_timer_;
  OrderedSink sink_;

  struct Layer {
    size_t index;  // in Wanted::attention_layers
    engine::HostTensor maps;
  };
  absl::Mutex layers_mutex_;
  std::deque<Layer> arrived_layers_ ABSL_GUARDED_BY(layers_mutex_);

  // Held while a step runs; what follows is theirs.
  absl::Mutex step_mutex_;
  bool has_ended_ = false;
  bool is_late_ = false;  // the partial answer's time has come
  Preparation prepared_;
  engine::RowResult base_;
  MethodRuns methods_;
  std::vector<int32_t> emitted_layers_;
  schedule::Demand pending_;  // of the rows submitted last
  std::optional<absl::Duration> queue_time_;
  SummaryEvent summary_;
};

template <typename Step>
void Session::Run(Step& step) {
  absl::MutexLock lock(&step_mutex_);
  if (has_ended_) return;
  absl::Status status = CheckCaller();
  try {
    if (status.ok()) status = std::invoke(step, *this);
  } catch (const std::bad_alloc&) {
    status = base::WithReason(absl::ResourceExhaustedError("no memory left for this request"),
                              base::Reason::kOutOfDeviceMemory);
  } catch (const std::exception& e) {
    status = Defect(e.what());
  }
  // What the deadline cut short may be enough for the caller.
  if (absl::IsDeadlineExceeded(status) && request_.allow_partial) status = FinishPartially();
  if (!status.ok()) End(std::move(status));
}

absl::Status Session::CheckCaller() const {
  if (context_.stop.stop_requested()) return absl::CancelledError("the caller has gone");
  if (absl::Now() < context_.deadline) return absl::OkStatus();
  return base::WithReason(absl::DeadlineExceededError("the deadline came before the answer"), base::Reason::kExpired);
}

void Session::End(absl::Status status) {
  has_ended_ = true;
  permit_->ComputedAll();
  sink_.End(std::move(status));
  stop_.request_stop();
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
  if (prepared_.condition->Holds(card_, prediction)) return SubmitBase();
  prepared_.attention.reset();
  summary_.condition_unmet = true;
  return Finish();
}

absl::Status Session::SubmitBase() {
  Submit({prepared_.base_row}, &Session::TakeBase);
  return absl::OkStatus();
}

void Session::Submit(std::vector<engine::Row> rows, absl::Status (Session::*then)(Results)) {
  pending_ = DemandOf(*model_->engine, rows);
  summary_.tokens += static_cast<uint32_t>(pending_.tokens);
  for (const engine::Row& row : rows) {
    ++summary_.rows_forward;
    if (row.wanted.needs_backward()) ++summary_.rows_backward;
  }
  schedule::RowGroup group;
  group.engine = model_->engine;
  group.metrics = model_->metrics;
  group.rows = std::move(rows);
  group.client = context_.client;
  group.call = context_.call;
  group.priority = request_.priority;
  group.stop = stop_.get_token();
  group.deadline = context_.deadline;
  group.takes_part = request_.allow_partial;
  context_.progress->stage = Stage::kQueue;
  group.on_started = [progress = context_.progress] { progress->stage = Stage::kCompute; };
  if (then == &Session::TakeBase) Announce(&group);
  group.on_done = [self = shared_from_this(), then](Results results, schedule::RowTiming timing) {
    self->Post([then, results = std::move(results), timing](Session& session) mutable {
      session.TakeTiming(timing);
      return (session.*then)(std::move(results));
    });
  };
  workplace_.parts.scheduler->Submit(std::move(group));
}

// What leaves while the base row's batch runs.
void Session::Announce(schedule::RowGroup* group) {
  // Without a backward pass the result comes as early.
  if (prepared_.base_row.wanted.needs_backward()) {
    group->on_prediction = [self = shared_from_this()](size_t row_index, const engine::Prediction& prediction) {
      if (row_index > 0) return;
      self->Post([prediction](Session& session) {
        const absl::Status emitted = session.EmitPrediction(prediction);
        return emitted.ok() && session.is_late_ ? session.FinishPartially() : emitted;
      });
    };
  }
  if (!prepared_.attention.has_value()) return;
  group->on_attention = [self = shared_from_this()](size_t row_index, size_t index, const engine::HostTensor& maps) {
    if (row_index > 0) return;
    {
      absl::MutexLock lock(&self->layers_mutex_);
      self->arrived_layers_.push_back({index, maps});
    }
    self->Post(&Session::EmitLayers);
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
  sink_.EmitPrediction([&] {
    return PredictionEvent{.tokens = prepared_.encoding.tokens,
                           .truncated = prepared_.encoding.truncated,
                           .prediction = prediction,
                           .probabilities = Probabilities(card_, prediction.logits),
                           .target_description = DescribeTarget(prepared_.base_row.target, prediction, card_)};
  });
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
  summary_.model = model_->name;
  summary_.weights_sha256 = card_.weights_sha256;
  summary_.total_ms = absl::ToDoubleMilliseconds(absl::Now() - accepted_);
  context_.progress->stage = Stage::kWrite;
  sink_.Emit(std::move(summary_));
  End(absl::OkStatus());
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

void Session::TakeTiming(const schedule::RowTiming& timing) {
  permit_->Computed(pending_.tokens, pending_.flops);
  if (timing.started == absl::InfiniteFuture()) return;
  if (!queue_time_.has_value()) {
    queue_time_ = timing.started - timing.queued;
    summary_.queue_ms = absl::ToDoubleMilliseconds(*queue_time_);
  }
  summary_.compute_ms += absl::ToDoubleMilliseconds(timing.compute);
}

}  // namespace

void StartSession(const Workplace& workplace, SessionStart start) {
  std::make_shared<Session>(workplace, std::move(start))->Start();
}

}  // namespace limpid::explain
