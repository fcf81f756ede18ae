#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lib/attack/attack.h"
#include "lib/json.h"
#include "lib/render/palette.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// The prediction, then of each method the edits (edits_report.h) and what the model says of the edited text.
std::string AttackReport(const v1::ExplainRequest& request, const Attacked& attacked, const Palette& palette,
                         size_t columns);

// {"request", "rereadings": a prediction or null for each attribution}, then what ToJson(Explanation) has.
Json AttackJson(const v1::ExplainRequest& request, const Attacked& attacked);

// Of many texts: a line a method.
std::string AttackTable(const std::vector<std::string>& methods, const std::vector<AttackTally>& tallies,
                        const Palette& palette);

// The same numbers: [{"method", "attacked", "succeeded", ...}].
Json AttackTableJson(const std::vector<std::string>& methods, const std::vector<AttackTally>& tallies);

// What was found in one of many texts: [{"method", "was_ahead", "outcome", "edits", "is_minimal", "text",
// "holds_as_text"}].
Json AttackedTextJson(const Attacked& attacked);

}  // namespace limpid::client
