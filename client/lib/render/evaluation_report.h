#pragma once

#include <string>

#include "lib/evaluate/evaluation.h"
#include "lib/json.h"
#include "lib/render/palette.h"

namespace limpid::client {

// A table a metric, a line a method; then, where there are labels, what the model makes of each class.
std::string EvaluationReport(const Evaluation& evaluation, const Palette& palette);

// {"methods": [{"method", "metrics": [{"metric", "texts", "mean", "standard_error", "random_mean",
// "beats_random_share"}]}], "labels": {"texts", "right", "accuracy", "unmatched", "classes": [{"label", "texts",
// "right", "predicted": [{"label", "texts"}]}]}}. What has nothing to divide by is null, and so are labels where the
// file gives none.
Json EvaluationJson(const Evaluation& evaluation);

}  // namespace limpid::client
