#include "explain/method_runs.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/reason.h"
#include "base/status_macros.h"
#include "explain/refusals.h"
#include "explain/tensors.h"

namespace limpid::explain {

MethodRuns::MethodRuns(std::vector<std::unique_ptr<Method>> methods) {
  for (size_t i = 0; i < methods.size(); ++i) {
    Run& run = runs_.emplace_back();
    run.field = absl::StrCat("methods[", i, "].", std::string(methods[i]->name()));
    run.method = std::move(methods[i]);
  }
}

absl::Status MethodRuns::Check(const MethodInput& input) const {
  for (const Run& run : runs_) {
    const absl::Status status = run.method->Check(input);
    if (!status.ok()) return base::Annotate(status, absl::StrCat(run.field, "."));
  }
  return absl::OkStatus();
}

std::vector<engine::Row> MethodRuns::Plan(const MethodInput& input, engine::Wanted* base) {
  std::vector<engine::Row> rows;
  for (Run& run : runs_) {
    std::vector<engine::Row> own = run.method->Plan(input, base);
    run.num_pending = own.size();
    std::move(own.begin(), own.end(), std::back_inserter(rows));
  }
  return rows;
}

std::vector<Forecast> MethodRuns::Expect(const MethodInput& input) const {
  std::vector<Forecast> forecasts;
  for (const Run& run : runs_) forecasts.push_back(run.method->Expect(input));
  return forecasts;
}

absl::StatusOr<std::vector<engine::Row>> MethodRuns::Fold(const MethodInput& input, const engine::RowResult& base,
                                                          std::span<engine::RowResult> results,
                                                          const OnScores& on_scores) {
  std::vector<engine::Row> more;
  for (Run& run : runs_) {
    if (run.is_done) continue;
    const std::span<engine::RowResult> own = results.first(run.num_pending);
    results = results.subspan(run.num_pending);
    std::move(own.begin(), own.end(), std::back_inserter(run.rows));

    absl::StatusOr<FoldStep> step = run.method->Fold(input, base, run.rows);
    if (!step.ok()) return base::Annotate(step.status(), absl::StrCat(run.field, ": "));
    run.num_pending = step->more_rows.size();
    run.is_done = step->more_rows.empty();
    run.scores = std::move(step->scores);
    std::move(step->more_rows.begin(), step->more_rows.end(), std::back_inserter(more));
    ABSL_RETURN_IF_ERROR(Send(on_scores));
  }
  return more;
}

absl::Status MethodRuns::Send(const OnScores& on_scores) {
  for (; num_sent_ < runs_.size() && runs_[num_sent_].is_done; ++num_sent_) {
    Run& run = runs_[num_sent_];
    const std::span<const float> numbers =
        run.scores.head_scores.empty() ? run.scores.scores : run.scores.head_scores.values;
    if (!AllFinite(numbers)) return NonFinite(absl::StrCat(run.field, ": a score is not finite"));
    run.scores.card.method = run.method->name();
    run.scores.card.rows = static_cast<uint32_t>(run.rows.size());
    run.scores.card.sum_abs = static_cast<float>(SumAbs(numbers));
    on_scores(num_sent_, std::move(run.scores));
  }
  return absl::OkStatus();
}

}  // namespace limpid::explain
