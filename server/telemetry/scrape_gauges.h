#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace limpid::telemetry {

// Gauges whose value is asked for when /metrics is: ages, which nobody sets. The functions take no lock that a request
// or a batch holds.
class ScrapeGauges final : public prometheus::Collectable {
 public:
  struct Gauge {
    std::string name, help;
    std::function<double()> value;
  };

  explicit ScrapeGauges(std::vector<Gauge> gauges) : gauges_(std::move(gauges)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::vector<Gauge> gauges_;
};

}  // namespace limpid::telemetry
