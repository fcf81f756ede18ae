#include "telemetry/metrics.h"

namespace limpid::telemetry {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;
using CounterFamily = prometheus::Family<prometheus::Counter>;
using GaugeFamily = prometheus::Family<prometheus::Gauge>;
using HistogramFamily = prometheus::Family<prometheus::Histogram>;

// A request's latency in seconds; bounds that one promises (0.13, 0.1, 1 ...) are edges.
const Buckets kLatencySeconds = {.001, .0025, .005, .01, .02, .03, .05, .075, .1, .13, .2,
                                 .3,   .5,    .75,  1,   1.5, 2.5, 5,   10,   20, 40,  60};
// A stage of a request.
const Buckets kStageSeconds = {.00001, .000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01,
                               .025,   .05,     .1,     .25,   .5,     1,     2.5,  5,     10};

const Buckets kFillRatios = {.05, .1, .2, .3, .4, .5, .6, .7, .8, .9, .95, 1};

Buckets PowersOf(double base, double first, double last) {
  Buckets edges;
  for (double edge = first; edge <= last; edge *= base) edges.push_back(edge);
  return edges;
}

CounterFamily& AddCounters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

GaugeFamily& AddGauges(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

HistogramFamily& AddHistograms(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

struct Metrics::Families {
  explicit Families(prometheus::Registry& r) : registry(r) {}

  prometheus::Registry& registry;
  CounterFamily& started = AddCounters(registry, "limpid_grpc_requests_started_total", "Calls that arrived.");
  CounterFamily& totals = AddCounters(registry, "limpid_grpc_requests_total", "Calls that ended, by status code.");
  CounterFamily& retries = AddCounters(registry, "limpid_retries_seen_total", "Calls that their client tried before.");
  HistogramFamily& durations =
      AddHistograms(registry, "limpid_grpc_request_duration_seconds", "From a call's arrival to its status.");
  HistogramFamily& first_message =
      AddHistograms(registry, "limpid_time_to_first_message_seconds", "From a call's arrival to its first message.");
  HistogramFamily& request_bytes = AddHistograms(registry, "limpid_grpc_request_bytes", "Bytes of a request message.");
  HistogramFamily& response_bytes =
      AddHistograms(registry, "limpid_grpc_response_bytes", "Bytes of a call's response messages together.");
  CounterFamily& batches = AddCounters(registry, "limpid_batches_total", "Batches that the engine ran.");
  CounterFamily& tokens = AddCounters(registry, "limpid_tokens_total", "Tokens that the engine read.");
  CounterFamily& passes =
      AddCounters(registry, "limpid_model_passes_total", "Sequences run through the model, by direction.");
  HistogramFamily& batch_rows = AddHistograms(registry, "limpid_batch_rows", "Sequences of a batch.");
  HistogramFamily& batch_tokens = AddHistograms(registry, "limpid_batch_tokens", "Tokens of a batch.");
  HistogramFamily& batch_fill =
      AddHistograms(registry, "limpid_batch_fill_ratio", "Tokens of a batch over the limit; above 1: one long text.");
  CounterFamily& explanations =
      AddCounters(registry, "limpid_explanations_total", "Explanations asked for, by method and outcome.");
  CounterFamily& quality =
      AddCounters(registry, "limpid_explanation_quality_total",
                  "Quality metrics of explanations, by whether they beat random orders of the same text.");
  GaugeFamily& model_loaded = AddGauges(registry, "limpid_model_loaded", "1 for a model that can be asked.");
  GaugeFamily& model_load_seconds = AddGauges(registry, "limpid_model_load_seconds", "How long loading took.");
  GaugeFamily& model_info = AddGauges(registry, "limpid_model_info", "1; the labels name the weights.");
  CounterFamily& canary_failures =
      AddCounters(registry, "limpid_canary_failures_total", "Canary explanations that failed or were answered wrong.");
  GaugeFamily& canary_seconds =
      AddGauges(registry, "limpid_canary_seconds", "How long the last canary took, its wait included.");
  GaugeFamily& limits = AddGauges(registry, "limpid_config_limit", "Limits the server was started with.");
};

Metrics::Metrics(const std::string& version)
    : registry_(std::make_shared<prometheus::Registry>()), families_(std::make_shared<Families>(*registry_)) {
  prometheus::Registry& registry = *registry_;
  auto gauge = [&](const char* name, const char* help) { return &AddGauges(registry, name, help).Add({}); };

  inflight_requests = gauge("limpid_inflight_requests", "Requests under way, waiting ones included.");
  streams = gauge("limpid_streams", "Streaming calls that are open.");
  queue_tokens = gauge("limpid_queue_tokens", "Tokens waiting for a batch.");
  queue_requests = gauge("limpid_queue_requests", "Row groups waiting for a batch.");
  queue_rows = gauge("limpid_queue_rows", "Sequences waiting for a batch.");
  queue_oldest_seconds = gauge("limpid_queue_oldest_seconds", "Longest wait when the last batch began.");
  answer_bytes = gauge("limpid_answer_bytes", "Reserved for answers that have not left.");
  ready = gauge("limpid_ready", "1 while new requests are taken.");
  draining = gauge("limpid_draining", "1 while the server ends what is under way and takes nothing new.");

  CounterFamily& family = AddCounters(registry, "limpid_admission_rejected_total", "Requests refused, by reason.");
  auto refusals = [&](const char* reason) { return &family.Add({{"reason", reason}}); };
  rejected = {.queue_full = refusals("queue_full"),
              .tokens = refusals("tokens"),
              .memory = refusals("memory"),
              .deadline = refusals("deadline"),
              .client_limit = refusals("client_limit"),
              .too_large = refusals("too_large"),
              .starting = refusals("starting"),
              .draining = refusals("draining")};

  device_peak_flops =
      gauge("limpid_device_peak_flops", "Operations a second of a large fp32 matrix product, measured at start.");

  auto counter = [&](const char* name, const char* help) { return &AddCounters(registry, name, help).Add({}); };
  compute_seconds = counter("limpid_compute_seconds_total", "Time in which the device ran batches.");
  compute_flops = counter("limpid_compute_flops_total", "Floating-point operations of the batches' matrix products.");
  batch_splits = counter("limpid_batch_splits_total", "Batches that failed and were run again row by row.");

  CounterFamily& drops = AddCounters(registry, "limpid_dropped_total", "Requests that ended before their answer.");
  auto by_stage = [&](const char* cause) {
    std::vector<prometheus::Counter*> counters;
    for (const char* at : kDropStages) counters.push_back(&drops.Add({{"stage", at}, {"cause", cause}}));
    return counters;
  };
  dropped = {
      .cancelled = by_stage("cancelled"), .deadline = by_stage("deadline"), .slow_reader = by_stage("slow_reader")};

  HistogramFamily& stages = AddHistograms(registry, "limpid_stage_duration_seconds", "Time of a request, by stage.");
  auto add_stage = [&](const char* name) { return &stages.Add({{"stage", name}}, kStageSeconds); };
  stage = {.tokenize = add_stage("tokenize"),
           .queue = add_stage("queue"),
           .compute = add_stage("compute"),
           .serialize = add_stage("serialize"),
           .write = add_stage("write")};

  AddGauges(registry, "limpid_build_info", "1; the label names the version.").Add({{"version", version}}).Set(1);
}

RpcMetrics* Metrics::AddRpc(const std::string& rpc) {
  std::unique_ptr<RpcMetrics>& metrics = rpcs_[rpc];
  metrics = std::make_unique<RpcMetrics>();
  const prometheus::Labels labels = {{"rpc", rpc}};
  metrics->started = &families_->started.Add(labels);
  metrics->retries_seen = &families_->retries.Add(labels);
  metrics->time_to_first_message = &families_->first_message.Add(labels, kLatencySeconds);
  metrics->request_bytes = &families_->request_bytes.Add(labels, PowersOf(4, 256, 64 << 20));
  metrics->response_bytes = &families_->response_bytes.Add(labels, PowersOf(4, 256, 64 << 20));
  metrics->rpc_ = rpc;
  metrics->totals_ = &families_->totals;
  metrics->durations_ = &families_->durations;
  return metrics.get();
}

ModelMetrics* Metrics::AddModel(const std::string& name, const std::vector<std::string>& methods) {
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<ModelMetrics>& metrics = models_[name];
  if (metrics != nullptr) return metrics.get();
  metrics = std::make_unique<ModelMetrics>();
  const prometheus::Labels labels = {{"model", name}};
  metrics->batches = &families_->batches.Add(labels);
  metrics->tokens = &families_->tokens.Add(labels);
  metrics->forward_passes = &families_->passes.Add({{"model", name}, {"direction", "forward"}});
  metrics->backward_passes = &families_->passes.Add({{"model", name}, {"direction", "backward"}});
  metrics->batch_rows = &families_->batch_rows.Add(labels, PowersOf(2, 1, 1 << 12));
  metrics->batch_tokens = &families_->batch_tokens.Add(labels, PowersOf(2, 1 << 4, 1 << 17));
  metrics->canary_failures = &families_->canary_failures.Add(labels);
  metrics->canary_seconds = &families_->canary_seconds.Add(labels);
  metrics->batch_fill = &families_->batch_fill.Add(labels, kFillRatios);
  for (const std::string& method : methods) {
    auto outcome = [&](const char* value) {
      return &families_->explanations.Add({{"model", name}, {"method", method}, {"outcome", value}});
    };
    metrics->explanations[method] = {
        .full = outcome("full"), .partial = outcome("partial"), .failed = outcome("failed")};
  }
  return metrics.get();
}

void Metrics::ShowModel(const LoadedModel& model) {
  absl::MutexLock lock(&mutex_);
  const prometheus::Labels labels = {{"model", model.name}};
  families_->model_loaded.Add(labels).Set(1);
  families_->model_load_seconds.Add(labels).Set(absl::ToDoubleSeconds(model.load_time));
  prometheus::Gauge*& info = infos_[model.name];
  if (info != nullptr) families_->model_info.Remove(info);
  info = &families_->model_info.Add({{"model", model.name}, {"weights_sha", model.weights_sha256}});
  info->Set(1);
}

void Metrics::HideModel(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  const auto info = infos_.find(name);
  if (info == infos_.end()) return;
  families_->model_loaded.Add({{"model", name}}).Set(0);
  families_->model_info.Remove(info->second);
  infos_.erase(info);
}

void Metrics::CountQuality(const std::string& model, const std::string& method, const std::string& metric,
                           bool beats_random) {
  const auto counter = [&](bool beats) -> prometheus::Counter& {
    return families_->quality.Add(
        {{"model", model}, {"method", method}, {"metric", metric}, {"beats_random", beats ? "true" : "false"}});
  };
  // Both are there from the first one on, so that a share of them has a numerator.
  counter(!beats_random).Increment(0);
  counter(beats_random).Increment();
}

void Metrics::AddLimit(const std::string& name, double value) { families_->limits.Add({{"name", name}}).Set(value); }

void RpcMetrics::Finished(absl::StatusCode code, absl::Duration duration) {
  Outcome outcome;
  {
    absl::MutexLock lock(&mutex_);
    Outcome& kept = outcomes_.at(static_cast<size_t>(code));
    if (kept.total == nullptr) {
      const prometheus::Labels labels = {{"rpc", rpc_}, {"code", absl::StatusCodeToString(code)}};
      kept = {.total = &totals_->Add(labels), .duration = &durations_->Add(labels, kLatencySeconds)};
    }
    outcome = kept;
  }
  outcome.total->Increment();
  outcome.duration->Observe(absl::ToDoubleSeconds(duration));
}

}  // namespace limpid::telemetry
