#include "telemetry/metrics_endpoint.h"

#include <prometheus/exposer.h>

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/stop_listener.h"

namespace limpid::telemetry {

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(
    const std::string& address, std::vector<std::shared_ptr<prometheus::Collectable>> sources) {
  auto endpoint = std::unique_ptr<MetricsEndpoint>(new MetricsEndpoint);
  endpoint->host_ = address.substr(0, address.rfind(':'));
  endpoint->sources_ = std::move(sources);
  try {
    endpoint->exposer_ = std::make_unique<prometheus::Exposer>(address, /*num_threads=*/1);
    for (const auto& source : endpoint->sources_) endpoint->exposer_->RegisterCollectable(source);
  } catch (const std::exception&) {
    return absl::UnavailableError(absl::StrCat("cannot serve metrics on ", address, ": is the port free?"));
  }
  return endpoint;
}

MetricsEndpoint::~MetricsEndpoint() {
  if (exposer_ != nullptr) base::StopListener(host_, port(), [this] { exposer_.reset(); });
}

int MetricsEndpoint::port() const { return exposer_->GetListeningPorts().at(0); }

}  // namespace limpid::telemetry
