#include "explain/session.h"

#include <functional>
#include <new>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "explain/attention_plan.h"
#include "explain/input.h"
#include "explain/method.h"
#include "explain/method_runs.h"
#include "explain/ordered_sink.h"
#include "explain/prediction.h"
#include "explain/target.h"
#include "explain/units.h"

namespace limpid::explain {
namespace {

using Results = absl::StatusOr<std::vector<engine::RowResult>>;

std::vector<std::unique_ptr<Method>> MakeMethods(const std::vector<MethodSpec>& specs) {
  std::vector<std::unique_ptr<Method>> methods;
  for (const MethodSpec& spec : specs) methods.push_back(MakeMethod(spec));
  return methods;
}

// Kept alive by the task or row group that brings its next step; when the last one is gone without a step left, the
// session has ended.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(const Workplace& workplace, std::shared_ptr<const Model> model, ExplainRequest request, CallContext context,
          std::shared_ptr<EventSink> sink)
      : membership_(workplace.sessions),
        workplace_(workplace),
        model_(std::move(model)),
        card_(model_->engine->card()),
        request_(std::move(request)),
        context_(std::move(context)),
        sink_(std::move(sink)),
        methods_(MakeMethods(request_.methods)) {}
  ~Session() { sink_.End(absl::InternalError("a step of the request was lost")); }

  void Start() { Post(&Session::Prepare); }

 private:
  // A step returns OK when it has brought the next one on its way or ended the session.
  template <typename Step>
  void Post(Step step) {
    workplace_.pool->Post([self = shared_from_this(), step = std::move(step)]() mutable { self->Run(step); });
  }
  template <typename Step>
  void Run(Step& step);
  absl::Status CheckCaller() const;

  absl::Status Prepare();
  absl::Status SubmitReference();
  absl::Status SubmitBase();
  void Submit(std::vector<engine::Row> rows, absl::Status (Session::*then)(Results));

  absl::Status TakeReference(Results results);
  absl::Status TakeBase(Results results);
  absl::Status TakeMore(Results results);
  absl::Status Fold(std::span<engine::RowResult> results);
  absl::Status Finish();

  absl::Status EmitPrediction(const engine::Prediction& prediction);
  void EmitAttribution(size_t method_index, TokenScores scores);
  void AddTiming(const schedule::RowTiming& timing);

  MethodInput method_input() const { return {card_, encoding_, base_row_}; }

  // First, to be destroyed last: whoever waits for the sessions may then take everything away.
  const LiveSessions::Membership membership_;
  const Workplace workplace_;
  const std::shared_ptr<const Model> model_;
  const engine::ModelCard& card_;
  const ExplainRequest request_;
  const CallContext context_;
  const absl::Time accepted_ = absl::Now();
  OrderedSink sink_;

  // Set by Prepare and SubmitBase, constant from then on; the prediction's task reads them beside the other steps.
  text::Encoding encoding_;
  engine::Row base_row_;

  // The steps come one after the other; these are theirs.
  std::optional<text::Encoding> similarity_encoding_;
  std::optional<AttentionPlan> attention_;
  engine::RowResult base_;
  MethodRuns methods_;
  std::vector<Unit> units_;
  std::optional<absl::Duration> queue_time_;
  SummaryEvent summary_;
};

template <typename Step>
void Session::Run(Step& step) {
  absl::Status status = CheckCaller();
  try {
    if (status.ok()) status = std::invoke(step, *this);
  } catch (const std::bad_alloc&) {
    status = absl::ResourceExhaustedError("no memory left for this request");
  } catch (const std::exception& e) {
    status = absl::InternalError(e.what());
  }
  if (!status.ok()) sink_.End(std::move(status));
}

absl::Status Session::CheckCaller() const {
  if (context_.stop.stop_requested()) return absl::CancelledError("the caller has gone");
  if (absl::Now() >= context_.deadline) return absl::DeadlineExceededError("the deadline came before the answer");
  return absl::OkStatus();
}

absl::Status Session::Prepare() {
  const absl::Time start = absl::Now();
  ABSL_ASSIGN_OR_RETURN(encoding_, EncodeInput(*model_, request_.input));
  base_row_ = RowOfTokens(encoding_);
  ABSL_ASSIGN_OR_RETURN(base_row_.target, ResolveTarget(request_.target, card_));
  const bool needs_reference = base_row_.target.kind == engine::Target::Kind::kSimilarity;
  if (needs_reference) {
    ABSL_ASSIGN_OR_RETURN(similarity_encoding_,
                          EncodeSimilarityText(*model_, request_.target.similarity_text, request_.input));
  }
  summary_.tokenize_ms = absl::ToDoubleMilliseconds(absl::Now() - start);
  if (request_.attention.has_value()) {
    ABSL_ASSIGN_OR_RETURN(attention_, AttentionPlan::Create(*request_.attention, card_, encoding_.tokens.size(),
                                                            workplace_.limits->max_attention_bytes));
  }
  ABSL_RETURN_IF_ERROR(methods_.Check(method_input()));
  units_ = MakeUnits(encoding_, request_.granularity);
  return needs_reference ? SubmitReference() : SubmitBase();
}

// The target's value needs the other text's embedding first.
absl::Status Session::SubmitReference() {
  Submit({RowOfTokens(*similarity_encoding_)}, &Session::TakeReference);
  return absl::OkStatus();
}

absl::Status Session::TakeReference(Results results) {
  ABSL_RETURN_IF_ERROR(results.status());
  ABSL_RETURN_IF_ERROR(CheckPrediction(results->front().prediction, {}));
  auto embedding = std::make_shared<const std::vector<float>>(std::move(results->front().prediction.embedding));
  base_row_.target.reference = std::move(embedding);
  return SubmitBase();
}

absl::Status Session::SubmitBase() {
  engine::Wanted wanted;
  if (attention_.has_value()) wanted.attention_layers = attention_->layers();
  std::vector<engine::Row> rows = methods_.Plan(method_input(), &wanted);
  base_row_.wanted = std::move(wanted);
  rows.insert(rows.begin(), base_row_);
  Submit(std::move(rows), &Session::TakeBase);
  return absl::OkStatus();
}

void Session::Submit(std::vector<engine::Row> rows, absl::Status (Session::*then)(Results)) {
  for (const engine::Row& row : rows) {
    ++summary_.rows_forward;
    if (row.wanted.needs_backward()) ++summary_.rows_backward;
    summary_.tokens += static_cast<uint32_t>(row.token_ids.size());
  }
  schedule::RowGroup group;
  group.engine = model_->engine;
  group.metrics = model_->metrics;
  group.rows = std::move(rows);
  group.stop = context_.stop;
  group.deadline = context_.deadline;
  // Without a backward pass the result comes as early.
  if (then == &Session::TakeBase && base_row_.wanted.needs_backward()) {
    group.on_prediction = [self = shared_from_this()](size_t row_index, const engine::Prediction& prediction) {
      if (row_index > 0) return;
      self->Post([prediction](Session& session) { return session.EmitPrediction(prediction); });
    };
  }
  group.on_done = [self = shared_from_this(), then](Results results, schedule::RowTiming timing) {
    self->Post([then, results = std::move(results), timing](Session& session) mutable {
      session.AddTiming(timing);
      return (session.*then)(std::move(results));
    });
  };
  workplace_.scheduler->Submit(std::move(group));
}

absl::Status Session::TakeBase(Results results) {
  ABSL_RETURN_IF_ERROR(results.status());
  base_ = std::move(results->front());
  ABSL_RETURN_IF_ERROR(EmitPrediction(base_.prediction));
  return Fold(std::span(*results).subspan(1));
}

absl::Status Session::TakeMore(Results results) {
  ABSL_RETURN_IF_ERROR(results.status());
  return Fold(*results);
}

absl::Status Session::Fold(std::span<engine::RowResult> results) {
  ABSL_ASSIGN_OR_RETURN(std::vector<engine::Row> more,
                        methods_.Fold(method_input(), base_, results, [this](size_t index, TokenScores scores) {
                          EmitAttribution(index, std::move(scores));
                        }));
  if (more.empty()) return Finish();
  Submit(std::move(more), &Session::TakeMore);
  return absl::OkStatus();
}

void Session::EmitAttribution(size_t method_index, TokenScores scores) {
  AttributionEvent event;
  event.method_index = static_cast<uint32_t>(method_index);
  event.card = std::move(scores.card);
  event.head_scores = std::move(scores.head_scores);
  if (event.head_scores.empty()) {
    event.scores = SumByUnit(scores.scores, units_);
    event.units = units_;
  }
  sink_.Emit(std::move(event));
}

absl::Status Session::EmitPrediction(const engine::Prediction& prediction) {
  ABSL_RETURN_IF_ERROR(CheckPrediction(prediction, base_row_.target));
  sink_.EmitPrediction([&] {
    return PredictionEvent{.tokens = encoding_.tokens,
                           .truncated = encoding_.truncated,
                           .prediction = prediction,
                           .probabilities = Probabilities(card_, prediction.logits),
                           .target_description = DescribeTarget(base_row_.target, prediction, card_)};
  });
  return absl::OkStatus();
}

absl::Status Session::Finish() {
  if (attention_.has_value()) {
    sink_.Emit(attention_->MakeEvent(base_row_.wanted, base_));
    summary_.attention_bytes = attention_->num_bytes();
  }
  summary_.model = model_->name;
  summary_.weights_sha256 = card_.weights_sha256;
  summary_.total_ms = absl::ToDoubleMilliseconds(absl::Now() - accepted_);
  sink_.Emit(std::move(summary_));
  sink_.End(absl::OkStatus());
  return absl::OkStatus();
}

void Session::AddTiming(const schedule::RowTiming& timing) {
  if (timing.started == absl::InfiniteFuture()) return;
  if (!queue_time_.has_value()) {
    queue_time_ = timing.started - timing.queued;
    summary_.queue_ms = absl::ToDoubleMilliseconds(*queue_time_);
  }
  summary_.compute_ms += absl::ToDoubleMilliseconds(timing.compute);
}

}  // namespace

void StartSession(const Workplace& workplace, std::shared_ptr<const Model> model, ExplainRequest request,
                  CallContext context, std::shared_ptr<EventSink> sink) {
  std::make_shared<Session>(workplace, std::move(model), std::move(request), std::move(context), std::move(sink))
      ->Start();
}

}  // namespace limpid::explain
