#include "methods/lib/leave_one_out.h"

#include <algorithm>
#include <utility>

namespace limpid::methods {

using explain::Unit;

LeaveOneOut::LeaveOneOut(std::vector<Unit> units, const explain::Removal& removal, size_t num_tokens)
    : units_(std::move(units)), removal_(removal), num_tokens_(num_tokens) {
  std::erase_if(units_,
                [&](const Unit& unit) { return !removal_.IsPossible(explain::TokensOf({&unit, 1}, num_tokens_)); });
}

std::vector<engine::Row> LeaveOneOut::Rows(const engine::Row& whole) const {
  std::vector<engine::Row> rows;
  for (const Unit& unit : units_) rows.push_back(removal_.Without(explain::TokensOf({&unit, 1}, num_tokens_), whole));
  return rows;
}

std::vector<float> LeaveOneOut::Losses(const engine::Prediction& base, std::span<const engine::RowResult> rows) const {
  std::vector<float> losses;
  for (const engine::RowResult& row : rows) losses.push_back(base.target_value - row.prediction.target_value);
  return losses;
}

std::vector<float> SpreadOverTokens(std::span<const Unit> units, std::span<const float> unit_scores,
                                    size_t num_tokens) {
  std::vector<float> scores(num_tokens, 0);
  for (size_t i = 0; i < units.size(); ++i) {
    const Unit& unit = units[i];
    std::fill(scores.begin() + unit.begin_token, scores.begin() + unit.end_token,
              unit_scores[i] / static_cast<float>(unit.end_token - unit.begin_token));
  }
  return scores;
}

}  // namespace limpid::methods
