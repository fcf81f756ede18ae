#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

// Every metric of the server, declared once. Handles are taken at start and kept: nothing is looked up by name while
// a request runs. All handles are thread-safe and live as long as their Metrics.
namespace limpid::telemetry {

// One RPC's metrics.
class RpcMetrics {
 public:
  prometheus::Counter* started = nullptr;
  prometheus::Counter* retries_seen = nullptr;
  prometheus::Histogram* time_to_first_message = nullptr;
  prometheus::Histogram *request_bytes = nullptr, *response_bytes = nullptr;

  void Finished(absl::StatusCode code, absl::Duration duration);

 private:
  friend class Metrics;
  struct Outcome {
    prometheus::Counter* total = nullptr;
    prometheus::Histogram* duration = nullptr;
  };

  std::string rpc_;
  prometheus::Family<prometheus::Counter>* totals_ = nullptr;
  prometheus::Family<prometheus::Histogram>* durations_ = nullptr;
  absl::Mutex mutex_;
  // By status code; series appear with the first call that ends so.
  std::array<Outcome, 17> outcomes_ ABSL_GUARDED_BY(mutex_);
};

// One model's metrics.
struct ModelMetrics {
  struct Explanations {
    prometheus::Counter* full = nullptr;
    prometheus::Counter* partial = nullptr;  // not in an answer that was cut short at its deadline
    prometheus::Counter* failed = nullptr;
  };

  prometheus::Counter* batches = nullptr;
  prometheus::Counter* tokens = nullptr;
  prometheus::Counter* forward_passes = nullptr;
  prometheus::Counter* backward_passes = nullptr;
  prometheus::Histogram* batch_rows = nullptr;
  prometheus::Histogram* batch_tokens = nullptr;
  prometheus::Counter* canary_failures = nullptr;
  prometheus::Gauge* canary_seconds = nullptr;
  prometheus::Histogram* batch_fill = nullptr;  // tokens / max_batch_tokens; over 1 for a long text alone
  std::map<std::string, Explanations, std::less<>> explanations;  // by method
};

// Where a request's time goes. `compute` is forward and backward of the batches it rode in.
struct StageMetrics {
  prometheus::Histogram *tokenize = nullptr, *queue = nullptr, *compute = nullptr, *serialize = nullptr,
                        *write = nullptr;
};

// Requests refused, by reason.
struct RejectionMetrics {
  prometheus::Counter *queue_full = nullptr, *tokens = nullptr, *memory = nullptr, *deadline = nullptr,
                      *client_limit = nullptr, *too_large = nullptr, *starting = nullptr, *draining = nullptr;
};

// Requests that ended before their answer, by cause and by stage in the order of Metrics::kDropStages.
struct DropMetrics {
  std::vector<prometheus::Counter*> cancelled, deadline, slow_reader;
};

struct LoadedModel {
  std::string name, weights_sha256;
  absl::Duration load_time;
};

class Metrics {
 public:
  // Stages of a request at which it can be dropped.
  static constexpr const char* kDropStages[] = {"admission", "tokenize", "queue", "compute", "fold", "write"};

  explicit Metrics(const std::string& version);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Adds the series of an RPC. At start only.
  RpcMetrics* AddRpc(const std::string& rpc);
  // The series of the model of that name, the same ones whenever it is loaded anew. Thread-safe, like the next two.
  ModelMetrics* AddModel(const std::string& name, const std::vector<std::string>& methods);
  // The model of that name can be asked, with these weights and no others.
  void ShowModel(const LoadedModel& model);
  // It cannot be asked any more.
  void HideModel(const std::string& name);
  // One quality metric of one explanation was held against random orders of the same text.
  void CountQuality(const std::string& model, const std::string& method, const std::string& metric, bool beats_random);
  // Exports a configured limit, so that an alert can compare to it.
  void AddLimit(const std::string& name, double value);

  StageMetrics stage;
  prometheus::Gauge *inflight_requests = nullptr, *streams = nullptr;
  prometheus::Gauge *queue_tokens = nullptr, *queue_requests = nullptr, *queue_oldest_seconds = nullptr;
  prometheus::Gauge *queue_rows = nullptr, *answer_bytes = nullptr, *device_peak_flops = nullptr;
  prometheus::Counter *compute_seconds = nullptr, *compute_flops = nullptr, *batch_splits = nullptr;
  prometheus::Gauge *ready = nullptr, *draining = nullptr;
  RejectionMetrics rejected;
  DropMetrics dropped;

  const std::shared_ptr<prometheus::Registry>& registry() const { return registry_; }

 private:
  const std::shared_ptr<prometheus::Registry> registry_;

  // The families that grow by RPC, model or limit.
  struct Families;
  const std::shared_ptr<Families> families_;
  std::map<std::string, std::unique_ptr<RpcMetrics>> rpcs_;

  absl::Mutex mutex_;
  std::map<std::string, std::unique_ptr<ModelMetrics>> models_ ABSL_GUARDED_BY(mutex_);
  // limpid_model_info of each model that is loaded.
  std::map<std::string, prometheus::Gauge*> infos_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace limpid::telemetry
