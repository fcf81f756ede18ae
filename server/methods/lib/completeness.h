#pragma once

namespace limpid::methods {

// |sum - (value - baseline_value)| / |value - baseline_value|. Relative to less than 1e-3 of the larger of the two
// values it would be rounding alone, so that much is the least that it is held against.
float CompletenessError(double sum, double value, double baseline_value);

}  // namespace limpid::methods
