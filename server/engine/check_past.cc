#include "engine/check_past.h"

#include "absl/strings/str_format.h"

namespace limpid::engine {

absl::Status CheckPast(const ModelCard& card, const Row& row) {
  if (row.past == nullptr) {
    return row.past_length == 0 ? absl::OkStatus() : absl::InvalidArgumentError("past_length: there is no past");
  }
  if (!card.is_causal) return absl::InvalidArgumentError("past: this model is not causal, its tokens see those behind");
  if (row.past_length < 0 || row.past_length >= static_cast<int64_t>(row.token_ids.size())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("past_length is %d, must be in [0, %d)", row.past_length, row.token_ids.size()));
  }
  const bool taps_past = row.past_length > 0 && row.wanted.taps_layers();
  if (taps_past || row.alteration.has_value() || row.replaced_hidden != nullptr || !row.positions.empty()) {
    return absl::InvalidArgumentError("past: the row wants or changes what is not computed again");
  }
  if (row.target.position != Target::kUnset && row.target.position < row.past_length) {
    return absl::InvalidArgumentError(absl::StrFormat("target.position is %d, must be at or behind past_length %d",
                                                      row.target.position, row.past_length));
  }
  return absl::OkStatus();
}

}  // namespace limpid::engine
