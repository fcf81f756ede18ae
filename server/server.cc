#include "server.h"

#include <fstream>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "base/version.h"
#include "engine/engine.h"
#include "telemetry/process_collector.h"
#include "text/tokenizer.h"

namespace limpid {
namespace {

using telemetry::LogLevel;

absl::StatusOr<std::shared_ptr<const explain::Model>> LoadModel(const Config::ModelSource& source,
                                                                const engine::EngineOptions& options,
                                                                telemetry::Metrics* metrics) {
  const auto in_flag = [&](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat("--model ", source.name, ": ", status.message()));
  };
  auto model = std::make_shared<explain::Model>();
  model->name = source.name;
  auto engine = engine::LoadEngine(source.folder, options);
  if (!engine.ok()) return in_flag(engine.status());
  auto tokenizer = text::LoadHfTokenizer(source.folder);
  if (!tokenizer.ok()) return in_flag(tokenizer.status());
  model->engine = *std::move(engine);
  model->tokenizer = *std::move(tokenizer);
  model->metrics = metrics->AddModel(source.name, explain::MethodNames());
  // The tokenizer may know fewer tokens than the embedding table has rows, never more.
  if (model->tokenizer->vocab_size() > static_cast<size_t>(model->engine->card().vocab_size)) {
    return in_flag(
        absl::InvalidArgumentError(absl::StrCat("tokenizer.json has ", model->tokenizer->vocab_size(),
                                                " tokens, the model embeds ", model->engine->card().vocab_size)));
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

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Config& config) {
  auto server = std::unique_ptr<Server>(new Server(config));
  server->log_.Write(LogLevel::kInfo, "starting", {{"version", kVersion}});
  ABSL_ASSIGN_OR_RETURN(server->security_, rpc::Security::Load(config.security, &server->log_));
  ABSL_RETURN_IF_ERROR(server->LoadModels());
  server->pool_ = std::make_unique<base::WorkerPool>("pool", config.tokenizer_threads);
  server->timer_ = std::make_unique<base::Timer>();
  server->admission_ = std::make_unique<schedule::Admission>(config.admission, &server->speed_, &server->metrics_);
  server->scheduler_ = std::make_unique<schedule::ComputeWorker>(config.schedule, &server->speed_, &server->metrics_);
  server->explainer_ =
      std::make_unique<explain::Explainer>(explain::ExplainerParts{.models = &server->models_,
                                                                   .admission = server->admission_.get(),
                                                                   .scheduler = server->scheduler_.get(),
                                                                   .pool = server->pool_.get(),
                                                                   .timer = server->timer_.get()},
                                           config.limits);
  server->LogLimits();
  ABSL_RETURN_IF_ERROR(server->Listen());
  return server;
}

absl::Status Server::LoadModels() {
  for (const Config::ModelSource& source : config_.models) {
    const absl::Time start = absl::Now();
    ABSL_ASSIGN_OR_RETURN(auto model, LoadModel(source, config_.engine, &metrics_));
    const engine::ModelCard& card = model->engine->card();
    const absl::Duration load_time = absl::Now() - start;
    metrics_.ShowModel({.name = model->name, .weights_sha256 = card.weights_sha256, .load_time = load_time});
    log_.Write(LogLevel::kInfo, "model loaded",
               {{"model", model->name},
                {"architecture", card.architecture},
                {"parameters", card.num_parameters},
                {"max_tokens", card.max_tokens},
                {"device", card.device},
                {"weights_sha256", card.weights_sha256},
                {"load_ms", absl::ToDoubleMilliseconds(load_time)}});
    ABSL_RETURN_IF_ERROR(models_.Add(std::move(model)));
  }
  return absl::OkStatus();
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

absl::Status Server::Listen() {
  if (config_.metrics_listen != "off") {
    ABSL_ASSIGN_OR_RETURN(
        metrics_endpoint_,
        telemetry::MetricsEndpoint::Start(config_.metrics_listen,
                                          {metrics_.registry(), std::make_shared<telemetry::ProcessCollector>()}));
    log_.Write(LogLevel::kInfo, "metrics",
               {{"address", absl::StrCat(HostOf(config_.metrics_listen), ":", metrics_endpoint_->port())}});
  }
  if (!config_.security.has_tls() && !IsOfThisMachineOnly(config_.listen)) {
    log_.Write(LogLevel::kWarning,
               "plaintext on an address that others can reach: anyone on the way reads and changes "
               "what is sent; --tls-cert and --tls-key, or a proxy, help",
               {{"address", config_.listen}});
  }
  const int num_threads = config_.engine.num_threads > 0 ? config_.engine.num_threads
                                                         : static_cast<int>(std::thread::hardware_concurrency());
  const rpc::RpcServerOptions options = {.listen = config_.listen,
                                         .health_listen = config_.health_listen,
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
                                                                     .credentials = security_->MakeCredentials()}));
  const std::string address = absl::StrCat(HostOf(config_.listen), ":", rpc_server_->port());
  if (!config_.health_listen.empty()) {
    log_.Write(LogLevel::kInfo, "health",
               {{"address", absl::StrCat(HostOf(config_.health_listen), ":", rpc_server_->health_port())}});
  }
  log_.Write(LogLevel::kInfo, "serving",
             {{"address", address},
              {"device", config_.engine.device},
              {"transport", config_.security.has_tls() ? "tls" : "plaintext"}});
  return config_.port_file.empty() ? absl::OkStatus() : WriteFile(config_.port_file, address + "\n");
}

void Server::Drain() {
  log_.Write(LogLevel::kInfo, "draining", {{"seconds", absl::ToDoubleSeconds(config_.drain_time)}});
  const bool all_finished = rpc_server_->Drain(absl::Now() + config_.drain_notice + config_.drain_time);
  log_.Write(all_finished ? LogLevel::kInfo : LogLevel::kWarning, "stopped",
             {{"cancelled_requests", all_finished ? "none" : "some"}});
}

}  // namespace limpid
