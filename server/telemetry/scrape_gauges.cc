#include "telemetry/scrape_gauges.h"

namespace limpid::telemetry {

std::vector<prometheus::MetricFamily> ScrapeGauges::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  for (const Gauge& gauge : gauges_) {
    prometheus::ClientMetric metric;
    metric.gauge.value = gauge.value();
    families.push_back(
        {.name = gauge.name, .help = gauge.help, .type = prometheus::MetricType::Gauge, .metric = {metric}});
  }
  return families;
}

}  // namespace limpid::telemetry
