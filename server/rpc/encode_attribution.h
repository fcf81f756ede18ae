#pragma once

#include "explain/event.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::rpc {

void EncodeAttribution(const explain::AttributionEvent& event, v1::Attribution* attribution);
void EncodeQuality(const explain::QualityEvent& event, v1::QualityReport* report);

}  // namespace limpid::rpc
