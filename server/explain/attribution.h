#pragma once

#include <cstddef>
#include <vector>

#include "explain/event.h"
#include "explain/method.h"
#include "explain/request.h"

namespace limpid::explain {

// A method's scores as the request wants them: by its units, scaled, with or without special tokens.
AttributionEvent MakeAttribution(size_t method_index, TokenScores scores, const std::vector<Unit>& units,
                                 const ExplainRequest& request);

}  // namespace limpid::explain
