#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/explain_client.h"
#include "lib/gather.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// What searches for edits found in one text.
struct Attacked {
  Explanation explanation;
  // Of each attribution: what the model says of the edited text sent as text, which its tokenizer may read otherwise
  // than the search did. Nothing where no edits were found, or nothing is left of the text.
  std::vector<std::optional<v1::Prediction>> rereadings;
};

// `request` asks for methods that search for edits (IsEditMethod), and no others.
absl::StatusOr<Attacked> AttackText(const ExplainClient& client, const v1::ExplainRequest& request);

bool IsEditMethod(const v1::Method& method);

// The target's class was ahead before any edit: there was a decision to change.
bool WasAhead(const v1::Edits& edits);
// The search did what it is for, by edits: the decision flips or, of a reduction, stays.
bool HasSucceeded(const v1::Edits& edits);
// The model, given the edited text, names the class that the search ended with.
bool HoldsAsText(const v1::Edits& edits, const v1::Prediction& rereading);

// One method over many texts.
struct AttackTally {
  size_t attacked = 0;  // texts whose target was ahead; the rest is about these
  size_t succeeded = 0;
  size_t out_of_passes = 0;  // without success, and not all was tried
  // Of those that succeeded.
  size_t minimal = 0, hold_as_text = 0, reread = 0;
  uint64_t edits = 0;
  // Of all that were attacked.
  uint64_t passes = 0;

  void Add(const v1::Attribution& attribution, const std::optional<v1::Prediction>& rereading);
  // Nothing if there is nothing to divide by.
  std::optional<double> success_rate() const;
  std::optional<double> mean_edits() const;
  std::optional<double> mean_passes() const;
};

}  // namespace limpid::client
