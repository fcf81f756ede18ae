#pragma once

#include <string>

#include "lib/gather.h"
#include "lib/render/palette.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// A metric as it is typed, and which direction is better: "higher", "lower", or nothing if this client does not know.
std::string MetricName(int metric);
const char* BetterWord(int metric);

// How far an attribution can be trusted, a metric a line: its value, the mean of random orders beside it, whether it
// beats them all, and which direction is better; metrics that were asked for and not measured are named. Empty where
// no quality came for this attribution. Curves are left to --json.
std::string QualityTable(const v1::Quality& asked, const Explanation& explanation, const v1::Attribution& attribution,
                         const Palette& palette);

}  // namespace limpid::client
