#include "quality/words.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "explain/units.h"

namespace limpid::quality {

Words::Words(const explain::MethodInput& input, explain::Replacement replacement)
    : input_(input),
      units_(explain::RemovableUnits(input, explain::Granularity::kWord)),
      removal_(replacement, input) {}

absl::Status Words::Check() const {
  ABSL_RETURN_IF_ERROR(removal_.Check("replacement"));
  if (units_.empty()) return absl::InvalidArgumentError("metrics: the input has no word that could be taken out");
  if (removal_.IsPossible(explain::TokensOf(units_, input_.num_tokens()))) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "replacement: is DELETE or ATTENTION, for which the input must have a special token that stays");
}

engine::Row Words::Only(const std::vector<bool>& is_kept, const engine::Prediction& whole) const {
  return removal_.Only(units_, is_kept, explain::FrozenRow(input_, whole));
}

std::vector<float> Words::Scores(const std::vector<float>& token_scores) const {
  return explain::ScoresByUnit(token_scores, units_, input_.request.aggregation);
}

std::vector<float> Words::OverTokens(const std::vector<float>& values, float elsewhere) const {
  std::vector<float> tokens(input_.num_tokens(), elsewhere);
  for (size_t i = 0; i < units_.size(); ++i) {
    std::fill(tokens.begin() + units_[i].begin_token, tokens.begin() + units_[i].end_token, values[i]);
  }
  return tokens;
}

}  // namespace limpid::quality
