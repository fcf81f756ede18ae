#include "explain/generation.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "explain/attribution.h"
#include "explain/generated_text.h"
#include "explain/generation_request.h"
#include "explain/input.h"
#include "explain/method_runs.h"
#include "explain/prediction.h"
#include "explain/preparation.h"
#include "explain/sampling.h"
#include "explain/session_base.h"
#include "explain/target.h"
#include "explain/units.h"

namespace limpid::explain {
namespace {

using FinishReason = GenerationSummary::FinishReason;

class GenerationSession final : public SessionBase {
 public:
  GenerationSession(const Workplace& workplace, GenerationStart start)
      : SessionBase(workplace, std::move(start.model), std::move(start.context), std::move(start.permit),
                    std::move(start.sink)),
        request_(std::move(start.request)),
        text_(*model_->tokenizer, request_.stop) {}

  void Start() {
    Post([this] { return Begin(); });
  }

 private:
  absl::Status Begin();
  absl::Status ReadCompletion();
  absl::Status PlanAll();
  absl::Status PlanExplanation();
  schedule::Demand ExpectedDemand(const MethodRuns& methods) const;

  absl::Status RunGiven();
  absl::Status NextToken();
  void RunToken(bool explains);
  absl::Status Choose(const engine::Prediction& prediction);
  absl::Status TakeToken(engine::RowResult result, bool explains);
  absl::Status RunExplanation();
  absl::Status TakeExplanation(engine::RowResult result);
  absl::Status Fold(std::span<engine::RowResult> results);
  absl::Status FinishToken();
  absl::Status Finish(FinishReason reason);

  bool IsExplained(uint32_t index) const;
  // Whether one pass can both choose the token and explain it.
  bool IsKnownBefore() const { return request_.completion.has_value() || request_.sampling.temperature == 0; }
  uint32_t index() const { return static_cast<uint32_t>(encoding_.tokens.size() - num_given_); }
  engine::Target TargetOf(std::optional<int32_t> token) const;
  AttributionEvent::Generated Explained() const;
  // The tokens so far; `goes_on` from the past, of which it runs at least the last token.
  engine::Row RowSoFar(bool goes_on) const;
  MethodInput InputSoFar() const {
    return {.model = card(),
            .tokenizer = *model_->tokenizer,
            .encoding = encoding_,
            .base_row = base_row_,
            .request = request_.explain};
  }
  double Elapsed() const { return absl::ToDoubleMilliseconds(absl::Now() - accepted_); }
  RowsRequest how() const { return {.priority = request_.explain.priority}; }

  const GenerateRequest request_;

  // What follows is the steps'.
  text::Encoding encoding_;  // the input and what was generated
  size_t num_given_ = 0;     // tokens of the input
  std::vector<int32_t> completion_;
  uint32_t max_new_tokens_ = 0;
  engine::Target target_;  // of each explained token, its class still to be set
  engine::Wanted wanted_;  // of the row that explains one
  std::shared_ptr<engine::Past> past_;
  int64_t past_length_ = 0;
  GeneratedText text_;
  GenerationSummary generation_;

  // Of the token that is under way.
  std::optional<int32_t> chosen_;
  text::Token last_token_;
  engine::Row base_row_;
  engine::RowResult base_;
  std::optional<MethodRuns> methods_;
  std::vector<Unit> units_;
};

absl::Status GenerationSession::Begin() {
  const absl::Time start = absl::Now();
  context_.progress->stage = Stage::kTokenize;
  ABSL_ASSIGN_OR_RETURN(encoding_, EncodeInput(*model_, request_.explain.input));
  num_given_ = encoding_.tokens.size();
  ABSL_RETURN_IF_ERROR(ReadCompletion());
  ABSL_RETURN_IF_ERROR(PlanAll());
  summary_.tokenize_ms = absl::ToDoubleMilliseconds(absl::Now() - start);
  return completion_.empty() ? NextToken() : RunGiven();
}

absl::Status GenerationSession::ReadCompletion() {
  const size_t left = static_cast<size_t>(card().max_tokens) - num_given_;
  if (request_.completion.has_value()) {
    ABSL_ASSIGN_OR_RETURN(completion_, CompletionIds(*model_, *request_.completion));
    max_new_tokens_ = static_cast<uint32_t>(completion_.size());
  } else {
    max_new_tokens_ = request_.max_new_tokens > 0 ? request_.max_new_tokens
                                                  : std::min(kDefaultNewTokens, static_cast<uint32_t>(left));
  }
  if (max_new_tokens_ <= left && left > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(request_.completion.has_value() ? "completion" : "max_new_tokens",
                                                 ": is ", max_new_tokens_, " tokens, behind an input of ", num_given_,
                                                 " the model has places for ", left));
}

// Refuses what the methods cannot do before anything is computed.
absl::Status GenerationSession::PlanAll() {
  const MethodRuns methods(request_.explain.methods, request_.explain.quality);
  base_row_ = RowSoFar(/*goes_on=*/false);
  ABSL_ASSIGN_OR_RETURN(target_, ResolveTarget(request_.explain.target, card(), *model_->tokenizer));
  base_row_.target = TargetOf(std::nullopt);
  if (methods.size() > 0) {
    ABSL_RETURN_IF_ERROR(methods.Check(InputSoFar()));
    methods.Plan(InputSoFar(), &wanted_);
  }
  const bool keeps = wanted_.needs_backward() && !wanted_.taps_layers();
  const size_t capacity = num_given_ + max_new_tokens_;
  schedule::Demand demand = ExpectedDemand(methods);
  demand.answer_bytes += model_->engine->PastBytes(capacity, keeps);
  ABSL_RETURN_IF_ERROR(permit_->Revise(demand));
  past_ = model_->engine->NewPast(capacity, keeps);
  return absl::OkStatus();
}

// The input's forward pass, and of each explained token the backward pass over as many tokens as there are on the
// average; memory is that of the longest.
schedule::Demand GenerationSession::ExpectedDemand(const MethodRuns& methods) const {
  const engine::Engine& engine = *model_->engine;
  engine::Row row = base_row_;
  schedule::Demand demand = DemandOf(engine, {&row, 1});
  demand.tokens += max_new_tokens_;
  demand.flops *= 1 + static_cast<double>(max_new_tokens_) / static_cast<double>(num_given_);
  if (methods.size() == 0) return demand;
  const auto with_tokens = [&](size_t count, const engine::Wanted& wanted) {
    row.token_ids.resize(count);
    row.wanted = wanted;
    return DemandOf(engine, {&row, 1});
  };
  const size_t count = request_.explained.empty() ? max_new_tokens_ : request_.explained.size();
  const size_t average = num_given_ + max_new_tokens_ / 2, longest = num_given_ + max_new_tokens_;
  const double forward = wanted_.taps_layers() ? 0 : with_tokens(average, {}).flops;
  demand.tokens += count * average;
  demand.flops += static_cast<double>(count) * (with_tokens(average, wanted_).flops - forward);
  const schedule::Demand last = with_tokens(longest, wanted_);
  demand.answer_bytes += last.answer_bytes;
  demand.peak_bytes = std::max(demand.peak_bytes, last.peak_bytes);
  return demand;
}

engine::Row GenerationSession::RowSoFar(bool goes_on) const {
  engine::Row row = RowOfTokens(encoding_);
  if (!goes_on) return row;
  row.past = past_;
  row.past_length = std::min(past_length_, static_cast<int64_t>(row.token_ids.size()) - 1);
  return row;
}

engine::Target GenerationSession::TargetOf(std::optional<int32_t> token) const {
  engine::Target target = target_;
  if (token.has_value()) target.class_index = *token;
  return target;
}

AttributionEvent::Generated GenerationSession::Explained() const {
  AttributionEvent::Generated explained = {
      index(), DescribeTarget(target_, base_.prediction, card(), *model_->tokenizer), base_.prediction};
  explained.target.logits.clear();
  return explained;
}

bool GenerationSession::IsExplained(uint32_t index) const {
  if (request_.explain.methods.empty()) return false;
  return request_.explained.empty() || std::ranges::binary_search(request_.explained, index);
}

// All that is given in one pass; what each token is given by is then there.
absl::Status GenerationSession::RunGiven() {
  engine::Row row = RowSoFar(/*goes_on=*/true);
  row.token_ids.insert(row.token_ids.end(), completion_.begin(), completion_.end() - 1);
  row.type_ids.resize(row.token_ids.size(), row.type_ids.back());
  const auto length = static_cast<int64_t>(row.token_ids.size());
  SubmitRows({std::move(row)}, how(), [this, length](Results results) -> absl::Status {
    ABSL_RETURN_IF_ERROR(results.status());
    past_length_ = length;
    return NextToken();
  });
  return absl::OkStatus();
}

absl::Status GenerationSession::NextToken() {
  chosen_.reset();
  if (!completion_.empty()) chosen_ = completion_[index()];
  if (IsExplained(index())) ABSL_RETURN_IF_ERROR(PlanExplanation());
  // Layers are looked at while all tokens pass them: of the first token only, where no activations are kept.
  const bool can_tap = past_length_ == 0 && !wanted_.needs_backward();
  RunToken(IsExplained(index()) && IsKnownBefore() && (can_tap || !wanted_.taps_layers()));
  return absl::OkStatus();
}

// Of the token that comes, by those there are.
absl::Status GenerationSession::PlanExplanation() {
  base_row_ = RowSoFar(/*goes_on=*/false);
  base_row_.target = TargetOf(chosen_);
  units_ = MakeUnits(encoding_, request_.explain.granularity, request_.explain.input, request_.explain.spans);
  methods_.emplace(request_.explain.methods, request_.explain.quality);
  ABSL_RETURN_IF_ERROR(methods_->Check(InputSoFar()));
  wanted_ = {};
  methods_->Plan(InputSoFar(), &wanted_);
  return absl::OkStatus();
}

void GenerationSession::RunToken(bool explains) {
  engine::Row row = RowSoFar(/*goes_on=*/true);
  row.target = TargetOf(chosen_);
  if (explains) row.wanted = wanted_;
  SubmitRows(
      {std::move(row)}, how(),
      [this, explains](Results results) -> absl::Status {
        ABSL_RETURN_IF_ERROR(results.status());
        return TakeToken(std::move(results->front()), explains);
      },
      [&](schedule::RowGroup* group) {
        if (!explains) return;
        group->on_prediction = [this, self = shared_from_this(), number = index()](
                                   size_t, const engine::Prediction& prediction) {
          // It may come behind the row's own result, and behind what follows that.
          Post([this, number, prediction] { return number == index() ? Choose(prediction) : absl::OkStatus(); });
        };
      });
}

// The token leaves as soon as it is known.
absl::Status GenerationSession::Choose(const engine::Prediction& prediction) {
  const uint32_t number = index();
  if (generation_.tokens > number) return absl::OkStatus();
  ABSL_RETURN_IF_ERROR(CheckPrediction(prediction, TargetOf(chosen_)));
  if (number == 0) {
    sink_.EmitPrediction([&] { return MakePredictionEvent(*model_, encoding_, TargetOf(chosen_), prediction); });
  }
  if (!chosen_.has_value()) chosen_ = ChooseToken(prediction.logits, request_.sampling, number);
  ABSL_ASSIGN_OR_RETURN(GeneratedText::Added added, text_.Append(*chosen_));
  GeneratedTokenEvent event = {.index = number, .token = std::move(added.token), .text = std::move(added.text)};
  event.logit = prediction.logits[static_cast<size_t>(*chosen_)];
  event.log_prob = static_cast<float>(event.logit - LogSumExp(prediction.logits));
  if (request_.alternatives > 0) {
    event.alternatives = BestTokens(prediction.logits, request_.alternatives, *model_->tokenizer);
  }
  if (number == 0) generation_.first_token_ms = Elapsed();
  last_token_ = event.token;
  ++generation_.tokens;
  sink_.Emit(std::move(event));
  return absl::OkStatus();
}

absl::Status GenerationSession::TakeToken(engine::RowResult result, bool explains) {
  ABSL_RETURN_IF_ERROR(Choose(result.prediction));
  past_length_ = std::max(past_length_, static_cast<int64_t>(encoding_.tokens.size()));
  if (explains) return TakeExplanation(std::move(result));
  return IsExplained(index()) ? RunExplanation() : FinishToken();
}

// The chosen token's own pass, where it could not be the one that chose it.
absl::Status GenerationSession::RunExplanation() {
  engine::Row row = RowSoFar(/*goes_on=*/!wanted_.taps_layers());
  row.target = TargetOf(chosen_);
  row.wanted = wanted_;
  SubmitRows({std::move(row)}, how(), [this](Results results) -> absl::Status {
    ABSL_RETURN_IF_ERROR(results.status());
    return TakeExplanation(std::move(results->front()));
  });
  return absl::OkStatus();
}

absl::Status GenerationSession::TakeExplanation(engine::RowResult result) {
  context_.progress->stage = Stage::kFold;
  base_ = std::move(result);
  base_row_.target = TargetOf(chosen_);
  base_row_.wanted = wanted_;
  return Fold({});
}

absl::Status GenerationSession::Fold(std::span<engine::RowResult> results) {
  const MethodRuns::Receiver receiver = {.on_scores =
                                             [this](size_t method, TokenScores scores, bool is_refining) {
                                               AttributionEvent event =
                                                   MakeAttribution(method, std::move(scores), units_, request_.explain);
                                               event.is_refining = is_refining;
                                               event.generated = Explained();
                                               sink_.Emit(std::move(event));
                                             },
                                         .on_quality =
                                             [this](QualityEvent event) {
                                               event.generated_index = index();
                                               sink_.Emit(std::move(event));
                                             }};
  ABSL_ASSIGN_OR_RETURN(std::vector<engine::Row> more, methods_->Fold(InputSoFar(), base_, results, receiver));
  if (more.empty()) {
    if (generation_.first_explained_token_ms == 0) generation_.first_explained_token_ms = Elapsed();
    return FinishToken();
  }
  const schedule::Demand demand = DemandOf(*model_->engine, more);
  permit_->Grow(demand.tokens, demand.flops);
  SubmitRows(std::move(more), how(), [this](Results given) -> absl::Status {
    ABSL_RETURN_IF_ERROR(given.status());
    context_.progress->stage = Stage::kFold;
    return Fold(*given);
  });
  return absl::OkStatus();
}

absl::Status GenerationSession::FinishToken() {
  last_token_.type_id = encoding_.tokens.back().type_id;
  encoding_.tokens.push_back(last_token_);
  const bool is_last = index() == max_new_tokens_;
  if (!completion_.empty()) return is_last ? Finish(FinishReason::kCompletion) : NextToken();
  if (!request_.ignore_end && std::ranges::find(card().end_tokens, *chosen_) != card().end_tokens.end()) {
    return Finish(FinishReason::kEnd);
  }
  if (text_.has_stopped()) return Finish(FinishReason::kStop);
  return is_last ? Finish(FinishReason::kLength) : NextToken();
}

absl::Status GenerationSession::Finish(FinishReason reason) {
  ABSL_RETURN_IF_ERROR(text_.Flush().status());
  generation_.finish_reason = reason;
  generation_.text = text_.text();
  summary_.generation = std::move(generation_);
  EndWithSummary();
  return absl::OkStatus();
}

}  // namespace

void StartGeneration(const Workplace& workplace, GenerationStart start) {
  std::make_shared<GenerationSession>(workplace, std::move(start))->Start();
}

}  // namespace limpid::explain
