#pragma once

#include <string>

#include "explain/event.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::rpc {

void EncodeAttribution(const explain::AttributionEvent& event, v1::Attribution* attribution);
void EncodeQuality(const explain::QualityEvent& event, v1::QualityReport* report);
// As in the contract, in lower case: "comprehensiveness".
std::string MetricName(explain::Metric metric);

}  // namespace limpid::rpc
