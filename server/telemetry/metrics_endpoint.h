#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "prometheus/collectable.h"

namespace prometheus {
class Exposer;
}

namespace limpid::telemetry {

// Serves GET /metrics over HTTP on a port of its own until destroyed.
class MetricsEndpoint {
 public:
  // `address` is host:port; port 0 takes a free one. UNAVAILABLE if it cannot be bound.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(
      const std::string& address, std::vector<std::shared_ptr<prometheus::Collectable>> sources);
  ~MetricsEndpoint();

  int port() const;

 private:
  MetricsEndpoint() = default;

  std::string host_;
  std::vector<std::shared_ptr<prometheus::Collectable>> sources_;  // the exposer holds them weakly
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace limpid::telemetry
