#include "quality/noisy_run.h"

#include <utility>

#include "base/status_macros.h"

namespace limpid::quality {
namespace {

explain::MethodInput WithBaseRow(const explain::MethodInput& input, const engine::Row& base_row) {
  return {.model = input.model,
          .tokenizer = input.tokenizer,
          .encoding = input.encoding,
          .base_row = base_row,
          .request = input.request,
          .other = input.other};
}

}  // namespace

NoisyRun::NoisyRun(std::unique_ptr<explain::Method> method, engine::AttachPoint at, engine::Noise noise)
    : method_(std::move(method)), alteration_{.at = at, .noise = std::move(noise)} {}

absl::StatusOr<std::vector<engine::Row>> NoisyRun::Fold(const explain::MethodInput& input,
                                                        const engine::RowResult& base,
                                                        std::span<const engine::RowResult> rows) {
  if (rows.empty()) {
    base_row_ = explain::FrozenRow(input, base.prediction);
    base_row_.alteration = alteration_;
    // As in a request of its own: a method may look for what it wanted there.
    engine::Wanted wanted;
    method_->Plan(WithBaseRow(input, base_row_), &wanted);
    base_row_.wanted = std::move(wanted);
    return std::vector<engine::Row>{base_row_};
  }
  if (!base_.has_value()) {
    base_ = rows[0];
    rows = {};
  }
  ABSL_ASSIGN_OR_RETURN(explain::FoldStep step, method_->Fold(WithBaseRow(input, base_row_), *base_, rows));
  if (step.more_rows.empty()) scores_ = std::move(step.scores.scores);
  for (engine::Row& row : step.more_rows) {
    if (!AddNoise(&row)) return std::vector<engine::Row>();
  }
  return std::move(step.more_rows);
}

bool NoisyRun::AddNoise(engine::Row* row) const {
  // What lies before these was computed with the noise already.
  if (row->replaced_hidden != nullptr) return true;
  if (!row->alteration.has_value()) row->alteration = alteration_;
  if (row->alteration->at != alteration_.at) return false;
  if (row->alteration->noise.has_value()) return row->alteration->noise == alteration_.noise;
  row->alteration->noise = alteration_.noise;
  return true;
}

}  // namespace limpid::quality
