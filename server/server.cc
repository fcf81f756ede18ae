#include "server.h"

#include <algorithm>
#include <fstream>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "base/version.h"
#include "engine/engine.h"
#include "lifecycle/hub_cache.h"
#include "methods/registry.h"
#include "telemetry/process_collector.h"
#include "telemetry/scrape_gauges.h"
#include "text/tokenizer.h"

namespace limpid {
namespace {

using telemetry::LogLevel;

absl::StatusOr<std::shared_ptr<explain::Model>> ReadModel(const lifecycle::ModelSource& source,
                                                          const engine::EngineOptions& options) {
  auto model = std::make_shared<explain::Model>();
  model->name = source.name;
  model->folder = source.folder;
  // Beside the weights, as each takes about as long.
  ABSL_ASSIGN_OR_RETURN(const std::string folder, lifecycle::FindSnapshot(source.folder));
  auto tokenizer = std::async(std::launch::async, [&folder] { return text::LoadHfTokenizer(folder); });
  ABSL_ASSIGN_OR_RETURN(model->engine, engine::LoadEngine(folder, options));
  ABSL_ASSIGN_OR_RETURN(model->tokenizer, tokenizer.get());
  // The tokenizer may know fewer tokens than the embedding table has rows, never more.
  if (model->tokenizer->vocab_size() > static_cast<size_t>(model->engine->card().vocab_size)) {
    return absl::InvalidArgumentError(absl::StrCat("tokenizer.json has ", model->tokenizer->vocab_size(),
                                                   " tokens, the model embeds ", model->engine->card().vocab_size));
  }
  return model;
}

bool IsOfThisMachineOnly(const std::string& address) {
  return absl::StartsWith(address, "127.") || absl::StartsWith(address, "localhost:") ||
         absl::StartsWith(address, "[::1]") || absl::StartsWith(address, "unix:");
}

std::string HostOf(const std::string& address) { return address.substr(0, address.rfind(':')); }

absl::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text << std::flush;
  if (file) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("--port-file: cannot write ", path));
}

}  // namespace

Server::Server(const Config& config) : config_(config), log_(config.log_level, config.log_format), metrics_(kVersion) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Config& config, std::function<void()> on_failure) {
  auto server = std::unique_ptr<Server>(new Server(config));
  Server* const self = server.get();
  self->log_.Write(LogLevel::kInfo, "starting", {{"version", kVersion}});
  ABSL_ASSIGN_OR_RETURN(self->security_, rpc::Security::Load(config.security, &self->log_));
  self->pool_ = std::make_unique<base::WorkerPool>("pool", config.tokenizer_threads);
  self->admission_ = std::make_unique<schedule::Admission>(config.admission, &self->speed_, &self->metrics_);
  self->timer_ = std::make_unique<base::Timer>();
  self->scheduler_ = std::make_unique<schedule::ComputeWorker>(config.schedule, &self->speed_, &self->metrics_);
  self->explainer_ = std::make_unique<explain::Explainer>(explain::ExplainerParts{.models = &self->models_,
                                                                                  .admission = self->admission_.get(),
                                                                                  .scheduler = self->scheduler_.get(),
                                                                                  .pool = self->pool_.get(),
                                                                                  .timer = self->timer_.get()},
                                                          config.limits);
  const auto read = [options = config.engine](const lifecycle::ModelSource& source) {
    return ReadModel(source, options);
  };
  self->host_ = std::make_unique<lifecycle::ModelHost>(
      lifecycle::ModelHost::Parts{.loader = {read, self->scheduler_.get(), &self->metrics_, methods::MethodNames(),
                                             config.admission.max_batch_bytes},
                                  .registry = &self->models_,
                                  .metrics = &self->metrics_,
                                  .log = &self->log_,
                                  .model_root = config.admin_model_root});
  self->LogLimits();
  ABSL_RETURN_IF_ERROR(self->ServeMetrics());
  ABSL_RETURN_IF_ERROR(self->Listen());
  ABSL_RETURN_IF_ERROR(self->ServePlayground());
  self->Watch();
  self->host_->LoadAtStart(config.models, [self, on_failure = std::move(on_failure)](absl::Status status) {
    self->FinishStart(std::move(status), on_failure);
  });
  return server;
}

Server::~Server() {
  if (rpc_server_ == nullptr) return;
  host_->Stop();
  rpc_server_->Drain(absl::InfinitePast());
}

// What a request may cost here, in the log and as metrics that an alert can compare to.
void Server::LogLimits() {
  const std::pair<const char*, double> limits[] = {
      {"max_batch_tokens", static_cast<double>(config_.schedule.max_batch_tokens)},
      {"max_batch_bytes", static_cast<double>(config_.admission.max_batch_bytes)},
      {"max_queue_tokens", static_cast<double>(config_.admission.max_queue_tokens)},
      {"max_queue_seconds", absl::ToDoubleSeconds(config_.admission.max_queue_time)},
      {"max_answer_bytes", static_cast<double>(config_.admission.max_answer_bytes)},
      {"max_client_requests", static_cast<double>(config_.admission.client_limits.max_concurrent_requests)},
      {"max_client_tokens_per_second", config_.admission.client_limits.tokens_per_second},
      {"max_text_bytes", static_cast<double>(config_.limits.max_text_bytes)},
      {"max_attention_bytes", static_cast<double>(config_.limits.max_attention_bytes)},
      {"max_requests_per_stream", static_cast<double>(config_.max_requests_per_stream)},
      {"canary_seconds", absl::ToDoubleSeconds(config_.canary_interval)},
      {"watchdog_seconds", absl::ToDoubleSeconds(config_.watchdog_time)},
      {"max_request_seconds", absl::ToDoubleSeconds(config_.max_request_time)},
      {"stall_seconds", absl::ToDoubleSeconds(config_.stall_time)},
  };
  std::vector<telemetry::LogField> fields;
  for (const auto& [name, value] : limits) {
    metrics_.AddLimit(name, value);
    fields.push_back({name, static_cast<int64_t>(value)});
  }
  log_.Write(LogLevel::kInfo, "limits", fields);
}

absl::Status Server::ServeMetrics() {
  if (config_.metrics_listen == "off") return absl::OkStatus();
  const auto age = [](absl::Time since) { return std::max(0.0, absl::ToDoubleSeconds(absl::Now() - since)); };
  const auto ages = std::make_shared<telemetry::ScrapeGauges>(std::vector<telemetry::ScrapeGauges::Gauge>{
      {"limpid_uptime_seconds", "Since the server began to start.", [this, age] { return age(start_); }},
      {"limpid_queue_expected_seconds", "How long an interactive request that is admitted now is expected to wait.",
       [this] { return absl::ToDoubleSeconds(admission_->QueueTime(schedule::Priority::kInteractive)); }},
      {"limpid_batch_age_seconds", "How long the running batch has been running; 0 if none is.",
       [this, age] { return age(scheduler_->batch_started()); }}});
  ABSL_ASSIGN_OR_RETURN(
      metrics_endpoint_,
      telemetry::MetricsEndpoint::Start(config_.metrics_listen,
                                        {metrics_.registry(), std::make_shared<telemetry::ProcessCollector>(), ages}));
  log_.Write(LogLevel::kInfo, "metrics",
             {{"address", absl::StrCat(HostOf(config_.metrics_listen), ":", metrics_endpoint_->port())}});
  return absl::OkStatus();
}

absl::Status Server::Listen() {
  if (!config_.security.has_tls() && !IsOfThisMachineOnly(config_.listen)) {
    log_.Write(LogLevel::kWarning,
               "plaintext on an address that others can reach: anyone on the way reads and changes "
               "what is sent; --tls-cert and --tls-key, or a proxy, help",
               {{"address", config_.listen}});
  }
  const bool has_admin = config_.admin_listen != "off";
  const int num_threads = config_.engine.num_threads > 0 ? config_.engine.num_threads
                                                         : static_cast<int>(std::thread::hardware_concurrency());
  const rpc::RpcServerOptions options = {.listen = config_.listen,
                                         .health_listen = config_.health_listen,
                                         .admin_listen = has_admin ? config_.admin_listen : "",
                                         .reflection = config_.reflection,
                                         .facts = {.device = config_.engine.device, .num_threads = num_threads},
                                         .max_request_time = config_.max_request_time,
                                         .max_requests_per_stream = config_.max_requests_per_stream,
                                         .stall_time = config_.stall_time,
                                         .drain_notice = config_.drain_notice};
  ABSL_ASSIGN_OR_RETURN(rpc_server_, rpc::RpcServer::Start(options, {.explainer = explainer_.get(),
                                                                     .pool = pool_.get(),
                                                                     .timer = timer_.get(),
                                                                     .metrics = &metrics_,
                                                                     .log = &log_,
                                                                     .authenticator = &security_->authenticator(),
                                                                     .credentials = security_->MakeCredentials(),
                                                                     .host = host_.get()}));
  std::vector<telemetry::LogField> fields = {{"address", Address()},
                                             {"transport", config_.security.has_tls() ? "tls" : "plaintext"}};
  const auto add_address = [&](const char* key, const std::string& listen, int port) {
    if (port > 0) fields.push_back({key, absl::StrCat(HostOf(listen), ":", port)});
  };
  add_address("health", config_.health_listen, rpc_server_->health_port());
  add_address("admin", config_.admin_listen, rpc_server_->admin_port());
  log_.Write(LogLevel::kInfo, "listening", fields);
  return absl::OkStatus();
}

absl::Status Server::ServePlayground() {
  if (config_.playground == "off") return absl::OkStatus();
  if (!IsOfThisMachineOnly(config_.playground)) {
    log_.Write(LogLevel::kWarning,
               "the playground is plain HTTP on an address that others can reach: anyone on the way reads and changes "
               "what is sent, tokens included",
               {{"address", config_.playground}});
  }
  ABSL_ASSIGN_OR_RETURN(
      playground_, playground::Playground::Start(config_.playground, [this] { return rpc_server_->Connect(); }, &log_));
  log_.Write(LogLevel::kInfo, "playground",
             {{"address", absl::StrCat(HostOf(config_.playground), ":", playground_->port())}});
  return absl::OkStatus();
}

void Server::Watch() {
  watchdog_ = std::make_unique<lifecycle::Watchdog>(
      lifecycle::Watchdog::Parts{.look =
                                     [this] {
                                       return lifecycle::Watchdog::Device{.batch_started = scheduler_->batch_started(),
                                                                          .is_lost = scheduler_->device_lost()};
                                     },
                                 .timer = timer_.get(),
                                 .log = &log_,
                                 .on_change = [this](bool is_alive) { rpc_server_->SetAlive(is_alive); }},
      config_.watchdog_time);
  if (config_.canary_interval == absl::ZeroDuration()) return;
  canary_watch_ = std::make_unique<lifecycle::CanaryWatch>(
      lifecycle::CanaryWatch::Parts{.registry = &models_,
                                    .scheduler = scheduler_.get(),
                                    .pool = pool_.get(),
                                    .timer = timer_.get(),
                                    .log = &log_,
                                    .on_change = [this](bool is_right) { rpc_server_->SetRight(is_right); }},
      config_.canary_interval);
}

void Server::FinishStart(absl::Status status, const std::function<void()>& on_failure) {
  if (absl::IsCancelled(status)) return;
  if (status.ok()) status = Serve();
  if (status.ok()) return;
  {
    absl::MutexLock lock(&mutex_);
    start_failure_ = std::move(status);
  }
  on_failure();
}

absl::Status Server::Serve() {
  const double peak = engine::MeasurePeakFlops(config_.engine);
  metrics_.device_peak_flops->Set(peak);
  rpc_server_->Open();
  log_.Write(LogLevel::kInfo, "serving",
             {{"address", Address()}, {"device", config_.engine.device}, {"peak_gflops", peak / 1e9}});
  return config_.port_file.empty() ? absl::OkStatus() : WriteFile(config_.port_file, Address() + "\n");
}

std::string Server::Address() const { return absl::StrCat(HostOf(config_.listen), ":", rpc_server_->port()); }

absl::Status Server::start_failure() const {
  absl::MutexLock lock(&mutex_);
  return start_failure_;
}

void Server::Drain() {
  log_.Write(LogLevel::kInfo, "draining", {{"seconds", absl::ToDoubleSeconds(config_.drain_time)}});
  host_->Stop();
  const bool all_finished = rpc_server_->Drain(absl::Now() + config_.drain_notice + config_.drain_time);
  log_.Write(all_finished ? LogLevel::kInfo : LogLevel::kWarning, "stopped",
             {{"cancelled_requests", all_finished ? "none" : "some"}});
}

}  // namespace limpid
