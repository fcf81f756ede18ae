#include "explain/leave_one_out.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "explain/units.h"

namespace limpid::explain {
namespace {

int32_t StandIn(Replacement replacement, const text::StandIns& stand_ins) {
  switch (replacement) {
    case Replacement::kMask:
      return stand_ins.mask;
    case Replacement::kPad:
      return stand_ins.pad;
    case Replacement::kUnknown:
      return stand_ins.unknown;
    case Replacement::kDefault:
    case Replacement::kDelete:
      break;
  }
  return -1;
}

const char* NameOf(Replacement replacement) {
  return replacement == Replacement::kMask ? "MASK" : replacement == Replacement::kPad ? "PAD" : "UNKNOWN";
}

}  // namespace

LeaveOneOut::LeaveOneOut(const MethodInput& input, Granularity unit, Replacement replacement)
    : replacement_(replacement) {
  if (replacement_ == Replacement::kDefault) {
    replacement_ = input.stand_ins.mask >= 0 ? Replacement::kMask : Replacement::kDelete;
  }
  stand_in_ = StandIn(replacement_, input.stand_ins);
  for (const Unit& candidate : MakeUnits(input.encoding, unit)) {
    if (!candidate.is_special) units_.push_back(candidate);
  }
  const size_t num_tokens = input.encoding.tokens.size();
  const bool is_all = units_.size() == 1 && units_[0].end_token - units_[0].begin_token == num_tokens;
  if (is_all && replacement_ == Replacement::kDelete) units_.clear();
}

absl::Status LeaveOneOut::Check(const char* field) const {
  if (replacement_ == Replacement::kDelete || stand_in_ >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": is ", NameOf(replacement_), ", which this model's vocabulary lacks"));
}

FoldStep LeaveOneOut::Fold(const MethodInput& input, const engine::Prediction& base,
                           std::span<const engine::RowResult> rows) const {
  FoldStep step;
  if (rows.size() < units_.size()) {
    const engine::Row whole = FrozenRow(input, base);
    for (const Unit& unit : units_) step.more_rows.push_back(Without(unit, whole));
    return step;
  }
  step.scores.card.is_signed = true;
  step.scores.card.replacement = replacement_;
  step.scores.card.units = static_cast<uint32_t>(units_.size());
  step.scores.scores = Scores(input.encoding.tokens.size(), base, rows);
  return step;
}

engine::Row LeaveOneOut::Without(const Unit& unit, engine::Row row) const {
  if (replacement_ != Replacement::kDelete) {
    std::fill(row.token_ids.begin() + unit.begin_token, row.token_ids.begin() + unit.end_token, stand_in_);
    return row;
  }
  row.token_ids.erase(row.token_ids.begin() + unit.begin_token, row.token_ids.begin() + unit.end_token);
  row.type_ids.erase(row.type_ids.begin() + unit.begin_token, row.type_ids.begin() + unit.end_token);
  return row;
}

std::vector<float> LeaveOneOut::Scores(size_t num_tokens, const engine::Prediction& base,
                                       std::span<const engine::RowResult> rows) const {
  std::vector<float> scores(num_tokens, 0);
  for (size_t i = 0; i < units_.size(); ++i) {
    const Unit& unit = units_[i];
    const float lost = base.target_value - rows[i].prediction.target_value;
    std::fill(scores.begin() + unit.begin_token, scores.begin() + unit.end_token,
              lost / static_cast<float>(unit.end_token - unit.begin_token));
  }
  return scores;
}

}  // namespace limpid::explain
