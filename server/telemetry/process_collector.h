#pragma once

#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"

namespace limpid::telemetry {

// The process_* metrics that every Prometheus client library but the C++ one brings: CPU seconds, resident and
// virtual bytes, open and allowed file descriptors, start time. Read from /proc at each scrape.
class ProcessCollector : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace limpid::telemetry
