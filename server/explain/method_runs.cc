#include "explain/method_runs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/reason.h"
#include "base/status_macros.h"
#include "explain/refusals.h"
#include "explain/tensors.h"

namespace limpid::explain {
namespace {

// "methods[2].saliency: " or, for an option, "methods[2].saliency.".
absl::Status InField(const std::string& field, const char* separator, const absl::Status& status) {
  return base::Annotate(status, absl::StrCat(field, separator));
}

// A method's refusal of an option gets the method's path; one of a field of the request keeps that field's, and says
// which method it is that refuses.
absl::Status Refusal(const std::string& field, const absl::Status& status) {
  for (const char* of_request : {"model: ", "input: ", "target: "}) {
    if (!absl::StartsWith(status.message(), of_request)) continue;
    return base::WithMessage(status, absl::StrCat(status.message(), " (", field, ")"));
  }
  return InField(field, ".", status);
}

bool IsFinite(const TokenScores& scores) {
  const auto& heads = scores.head_scores;
  return AllFinite(heads.empty() ? std::span<const float>(scores.scores) : heads.values) &&
         (!scores.matrix.has_value() || AllFinite(scores.matrix->values));
}

bool IsFinite(const QualityValue& value) {
  const float random_value = value.random_value.value_or(0);
  return AllFinite({&value.value, 1}) && AllFinite({&random_value, 1}) && AllFinite(value.curve);
}

}  // namespace

MethodRuns::MethodRuns(const std::vector<MethodSpec>& methods, const std::optional<QualitySpec>& quality)
    : is_measured_(quality.has_value()) {
  for (size_t i = 0; i < methods.size(); ++i) {
    Run& run = runs_.emplace_back();
    run.name = methods[i].name;
    run.field = absl::StrCat("methods[", i, "].", run.name);
    run.method = methods[i].make();
    if (quality.has_value()) run.measurement = quality->make(methods[i]);
    run.report.method_index = static_cast<uint32_t>(i);
  }
}

absl::Status MethodRuns::Check(const MethodInput& input) const {
  for (const Run& run : runs_) {
    ABSL_RETURN_IF_ERROR(Refusal(run.field, run.method->Check(input)));
    if (run.measurement != nullptr) ABSL_RETURN_IF_ERROR(InField("quality", ".", run.measurement->Check(input)));
  }
  return absl::OkStatus();
}

void MethodRuns::Plan(const MethodInput& input, engine::Wanted* base) const {
  for (const Run& run : runs_) run.method->Plan(input, base);
}

std::vector<Forecast> MethodRuns::Expect(const MethodInput& input) const {
  std::vector<Forecast> forecasts;
  for (const Run& run : runs_) {
    for (Forecast& forecast : run.method->Expect(input)) forecasts.push_back(std::move(forecast));
    if (run.measurement == nullptr) continue;
    for (Forecast& forecast : run.measurement->Expect(input)) forecasts.push_back(std::move(forecast));
  }
  return forecasts;
}

absl::StatusOr<std::vector<engine::Row>> MethodRuns::Fold(const MethodInput& input, const engine::RowResult& base,
                                                          std::span<engine::RowResult> results,
                                                          const Receiver& receiver) {
  rows_.Give(results);
  for (size_t i = 0; i < runs_.size(); ++i) {
    ABSL_RETURN_IF_ERROR(Advance(input, base, i, receiver));
    ABSL_RETURN_IF_ERROR(SendWhatIsDone(receiver));
  }
  return rows_.TakeRows();
}

// Until the run is done or waits for rows.
absl::Status MethodRuns::Advance(const MethodInput& input, const engine::RowResult& base, size_t index,
                                 const Receiver& receiver) {
  Run& run = runs_[index];
  do {
    std::vector<engine::RowResult> rows;
    for (size_t number : std::exchange(run.pending, {})) rows.push_back(rows_.ResultOf(number));
    if (run.stage == Run::Stage::kScoring) {
      ABSL_RETURN_IF_ERROR(InField(run.field, ": ", Score(input, base, index, rows, receiver)));
    } else if (run.stage == Run::Stage::kMeasuring) {
      ABSL_RETURN_IF_ERROR(InField(run.field, ": quality: ", Measure(input, base, index, rows)));
    }
    // All that it asks for may have run before.
  } while (run.stage != Run::Stage::kDone &&
           std::ranges::all_of(run.pending, [this](size_t number) { return rows_.Has(number); }));
  return absl::OkStatus();
}

absl::Status MethodRuns::Score(const MethodInput& input, const engine::RowResult& base, size_t index,
                               std::span<const engine::RowResult> rows, const Receiver& receiver) {
  Run& run = runs_[index];
  ABSL_ASSIGN_OR_RETURN(FoldStep step, run.method->Fold(input, base, rows));
  if (!step.more_rows.empty()) {
    // In its turn, or not at all.
    if (step.is_refinement && index == num_sent_) {
      ABSL_RETURN_IF_ERROR(Send(index, receiver, /*is_refining=*/true, std::move(step.scores)));
    }
    run.num_rows += static_cast<uint32_t>(step.more_rows.size());
    Ask(std::move(step.more_rows), &run);
    return absl::OkStatus();
  }
  run.scores = std::move(step.scores);
  if (run.scores.scores.empty() || run.scores.edits.has_value()) run.measurement.reset();
  run.stage = run.measurement == nullptr ? Run::Stage::kDone : Run::Stage::kMeasuring;
  return absl::OkStatus();
}

absl::Status MethodRuns::Measure(const MethodInput& input, const engine::RowResult& base, size_t index,
                                 std::span<const engine::RowResult> rows) {
  Run& run = runs_[index];
  ABSL_ASSIGN_OR_RETURN(MeasureStep step, run.measurement->Fold(input, base, run.scores, rows));
  if (!step.more_rows.empty()) {
    const size_t known = rows_.size();
    Ask(std::move(step.more_rows), &run);
    run.report.rows += static_cast<uint32_t>(rows_.size() - known);
    return absl::OkStatus();
  }
  for (const QualityValue& value : step.values) {
    if (!IsFinite(value)) return NonFinite("a value is not finite");
  }
  run.report.values = std::move(step.values);
  run.report.replacement = step.replacement;
  run.stage = Run::Stage::kDone;
  return absl::OkStatus();
}

void MethodRuns::Ask(std::vector<engine::Row> rows, Run* run) {
  for (engine::Row& row : rows) run->pending.push_back(rows_.Ask(std::move(row)));
}

absl::Status MethodRuns::Send(size_t index, const Receiver& receiver, bool is_refining, TokenScores scores) const {
  const Run& run = runs_[index];
  if (!IsFinite(scores)) return NonFinite("a score is not finite");
  scores.card.method = run.name;
  scores.card.rows = run.num_rows;
  const auto& heads = scores.head_scores;
  scores.card.sum_abs =
      static_cast<float>(SumAbs(heads.empty() ? std::span<const float>(scores.scores) : heads.values));
  receiver.on_scores(index, std::move(scores), is_refining);
  return absl::OkStatus();
}

absl::Status MethodRuns::SendWhatIsDone(const Receiver& receiver) {
  for (; num_sent_ < runs_.size() && runs_[num_sent_].stage != Run::Stage::kScoring; ++num_sent_) {
    Run& run = runs_[num_sent_];
    const bool is_kept = run.stage == Run::Stage::kMeasuring;
    ABSL_RETURN_IF_ERROR(
        InField(run.field, ": ",
                Send(num_sent_, receiver, /*is_refining=*/false, is_kept ? run.scores : std::move(run.scores))));
  }
  for (; num_measured_ < num_sent_ && runs_[num_measured_].stage == Run::Stage::kDone; ++num_measured_) {
    Run& run = runs_[num_measured_];
    if (run.measurement != nullptr) receiver.on_quality(std::move(run.report));
  }
  return absl::OkStatus();
}

}  // namespace limpid::explain
