#include "config.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <set>
#include <utility>

#include "base/version.h"

namespace limpid {
namespace {

constexpr char kDescription[] = "Limpid answers what a Transformer model predicts, and why, over gRPC.";

constexpr char kFooter[] =
    "Every flag has an environment variable, which the flag overrides: LIMPID_ and the flag's name in capitals, as in\n"
    "LIMPID_METRICS_LISTEN=off; several models in LIMPID_MODEL are separated by semicolons.\n"
    "\n"
    "  limpid-server --model /models/all-MiniLM-L6-v2 --listen 0.0.0.0:50051\n";

// Flags as they are typed, before they become a Config.
// A GPU is idle most of the time of a batch that keeps a CPU's cores busy (docs/sizing.md).
constexpr size_t kGpuBatchTokens = 16384;

struct Flags {
  std::vector<std::string> models;
  std::string health_listen = "off", reflection, weights = "read", log_level = "info", log_format;
  double max_request_seconds = 60, max_queue_seconds = 5, stall_seconds = 30, drain_notice_seconds = 0,
         drain_seconds = 30;
  double canary_seconds = 30, watchdog_seconds = 60;
  size_t max_batch_tokens = 0;
};

std::string EnvironmentName(const std::string& flag) {
  std::string name = "LIMPID_";
  for (char c : flag.substr(2)) name += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

template <typename T>
CLI::Option* AddFlag(CLI::App* app, const std::string& flag, T* value, const std::string& type,
                     const std::string& help) {
  return app->add_option(flag, *value, help)->envname(EnvironmentName(flag))->capture_default_str()->type_name(type);
}

// A flag with values from `minimum` to `maximum`.
template <typename T>
void AddNumber(CLI::App* app, const std::string& flag, T* value, CLI::Range range, const std::string& help) {
  AddFlag(app, flag, value, flag.ends_with("-seconds") ? "SECONDS" : "N", help)->check(range.description(""));
}

// A flag with one of a few values.
void AddChoice(CLI::App* app, const std::string& flag, std::string* value, const std::vector<std::string>& choices,
               const std::string& help) {
  AddFlag(app, flag, value, CLI::detail::join(choices, "|"), help)->check(CLI::IsMember(choices).description(""));
}

// The library that serves the page would take more than an address: several, and letters that change what is served.
std::string IsPlaygroundAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  const bool is_port = CLI::detail::lexical_cast(text.substr(colon + 1), port) && port >= 0 && port <= 65535 &&
                       std::isdigit(static_cast<unsigned char>(text[colon + 1]));
  const bool has_host = colon != 0 && text.find(',') == std::string::npos;
  return text == "off" || (is_port && has_host) ? "" : "must be HOST:PORT, PORT or off, not '" + text + "'";
}

void AddServingFlags(CLI::App* app, Config* config, Flags* flags) {
  AddFlag(app, "--model", &flags->models, "[NAME=]FOLDER",
          "Hugging Face folder to serve (config.json, model.safetensors, tokenizer.json);\n"
          "repeat for more, the first is the default")
      ->required()
      ->default_str("")
      ->delimiter(';')
      ->allow_extra_args(false);
  AddFlag(app, "--listen", &config->listen, "HOST:PORT", "Address of the gRPC service; port 0 takes a free one");
  AddFlag(app, "--port-file", &config->port_file, "FILE", "Gets the address once the server listens");
  AddFlag(app, "--metrics-listen", &config->metrics_listen, "HOST:PORT|off", "Address of GET /metrics (Prometheus)");
  AddFlag(app, "--health-listen", &flags->health_listen, "HOST:PORT|off",
          "A second, plaintext address with nothing but\ngrpc.health.v1, for probes that cannot do TLS");
  AddFlag(app, "--admin-listen", &config->admin_listen, "HOST:PORT|off",
          "Address of the service that loads, reloads and unloads models");
  AddFlag(app, "--admin-model-root", &config->admin_model_root, "FOLDER", "Models it loads must lie below this folder");
  AddFlag(app, "--playground", &config->playground, "HOST:PORT|off",
          "Address of a page to try the service out, for people one trusts:\nplain HTTP; who reaches it may ask "
          "whatever a caller of --listen may (with\na token, where those are needed). A port alone: of this machine "
          "only")
      ->check(IsPlaygroundAddress, "");
  AddChoice(app, "--reflection", &flags->reflection, {"on", "off"},
            "Let clients ask the server for its contract;\ndefault: on without TLS, off with it");
}

void AddSecurityFlags(CLI::App* app, rpc::SecurityOptions* security) {
  const auto add_file = [app](const char* flag, std::string* value, const char* help) {
    return AddFlag(app, flag, value, "FILE", help);
  };
  CLI::Option* cert = add_file("--tls-cert", &security->tls_cert, "Certificate chain, PEM: serve TLS");
  CLI::Option* key = add_file("--tls-key", &security->tls_key, "Its private key, PEM")->needs(cert);
  cert->needs(key);
  add_file("--tls-client-ca", &security->tls_client_ca, "CA, PEM, that must have signed the clients'\ncertificates")
      ->needs(cert);
  add_file("--auth-tokens", &security->auth_tokens, "JSON list of clients, hashes of their tokens, and\ntheir limits");
  CLI::Option* keys =
      add_file("--auth-jwt-keys", &security->auth_jwt_keys, "Public keys, PEM: take JWTs signed with RS256, ES256");
  AddFlag(app, "--auth-jwt-issuer", &security->auth_jwt_issuer, "TEXT", "What their iss must be")->needs(keys);
  AddFlag(app, "--auth-jwt-audience", &security->auth_jwt_audience, "TEXT", "What their aud must be or have")
      ->needs(keys);
}

void AddComputeFlags(CLI::App* app, Config* config, Flags* flags) {
  AddFlag(app, "--device", &config->engine.device, "cpu|cuda|cuda:N", "Where the models run");
  AddNumber(app, "--threads", &config->engine.num_threads, CLI::Range(0, 1024), "CPU threads of a pass; 0: all cores");
  AddChoice(
      app, "--weights", &flags->weights, {"read", "mapped"},
      "read: into memory of its own; mapped: kept in the file's pages, which all\nprocesses of the host share, and "
      "the file must not change meanwhile");
  AddNumber(app, "--tokenizer-threads", &config->tokenizer_threads, CLI::Range(1, 256),
            "Threads that tokenize and fold results");
  AddNumber(app, "--max-batch-tokens", &flags->max_batch_tokens, CLI::Range(0, 1 << 20),
            "Tokens of one batch; a longer text goes alone;\n0: 1024 on a CPU, 16384 on a GPU");
  AddNumber(app, "--max-batch-bytes", &config->admission.max_batch_bytes, CLI::Range(1.0, 1e15),
            "Memory of one batch's pass; a text that needs\nmore is refused");
}

void AddLimitFlags(CLI::App* app, Config* config, Flags* flags) {
  AddNumber(app, "--max-queue-seconds", &flags->max_queue_seconds, CLI::Range(0.001, 86400.0),
            "Expected wait for the device at most; beyond it\nrequests are refused");
  AddNumber(app, "--max-answer-bytes", &config->admission.max_answer_bytes, CLI::Range(1.0, 1e15),
            "Memory of all answers that have not left at most;\nbeyond it requests are refused");
  AddNumber(app, "--max-client-requests", &config->admission.client_limits.max_concurrent_requests,
            CLI::Range(0, 1 << 20), "Requests under way of one client; 0: no limit");
  AddNumber(app, "--max-client-tokens-per-second", &config->admission.client_limits.tokens_per_second,
            CLI::Range(0.0, 1e9), "Tokens of one client; 0: no limit");
  AddNumber(app, "--stall-seconds", &flags->stall_seconds, CLI::Range(0.001, 86400.0),
            "Time a reader may take for one message before\nits stream is cut");
  AddNumber(app, "--max-queue-tokens", &config->admission.max_queue_tokens, CLI::Range(1, 1 << 30),
            "Tokens waiting at most; beyond it requests are refused");
  AddNumber(app, "--max-text-bytes", &config->limits.max_text_bytes, CLI::Range(1, 1 << 20), "Longest text");
  AddNumber(app, "--max-attention-bytes", &config->limits.max_attention_bytes, CLI::Range(0.0, 1e15),
            "Largest attention payload of one answer");
  AddNumber(app, "--max-requests-per-stream", &config->max_requests_per_stream, CLI::Range(1, 65536),
            "Requests under way on one ExplainMany stream");
  AddNumber(app, "--max-request-seconds", &flags->max_request_seconds, CLI::Range(0.001, 86400.0),
            "Deadline of a request that sets none, or a later one");
  AddNumber(app, "--canary-seconds", &flags->canary_seconds, CLI::Range(0.0, 86400.0),
            "Between checks that each model still answers right;\n0: at start only");
  AddNumber(app, "--watchdog-seconds", &flags->watchdog_seconds, CLI::Range(0.1, 86400.0),
            "A batch that runs longer hangs: liveness ends.\nMust exceed the longest batch");
  AddNumber(app, "--drain-notice-seconds", &flags->drain_notice_seconds, CLI::Range(0.0, 86400.0),
            "After SIGTERM, time for load balancers to notice\nbefore new requests are refused");
  AddNumber(app, "--drain-seconds", &flags->drain_seconds, CLI::Range(0.0, 86400.0),
            "After that, time for requests under way");
}

void AddLogFlags(CLI::App* app, Flags* flags) {
  AddChoice(app, "--log-level", &flags->log_level, {"debug", "info", "warning", "error", "off"},
            "Least severe lines to write");
  AddChoice(app, "--log-format", &flags->log_format, {"text", "json"}, "Default: text on a terminal, json elsewhere");
}

// "NAME=FOLDER" or "FOLDER".
lifecycle::ModelSource ParseModel(const std::string& text) {
  if (const size_t equals = text.find('='); equals != std::string::npos) {
    return {.name = text.substr(0, equals), .folder = text.substr(equals + 1)};
  }
  std::filesystem::path folder(text);
  if (!folder.has_filename()) folder = folder.parent_path();
  return {.name = folder.filename().string(), .folder = text};
}

void Convert(const Flags& flags, Config* config) {
  std::set<std::string> names;
  for (const std::string& text : flags.models) {
    lifecycle::ModelSource model = ParseModel(text);
    if (model.name.empty() || model.folder.empty())
      throw CLI::ValidationError("--model", "'" + text + "' lacks a name or a folder");
    if (!names.insert(model.name).second)
      throw CLI::ValidationError("--model", "the name '" + model.name + "' is used twice");
    config->models.push_back(std::move(model));
  }
  if (flags.health_listen != "off") config->health_listen = flags.health_listen;
  config->engine.map_weights = flags.weights == "mapped";
  config->reflection = flags.reflection.empty() ? !config->security.has_tls() : flags.reflection == "on";
  if (config->admin_listen != "off" && config->admin_model_root.empty())
    throw CLI::ValidationError("--admin-model-root", "is needed with --admin-listen");
  if (config->playground.find(':') == std::string::npos && config->playground != "off") {
    config->playground = "127.0.0.1:" + config->playground;
  }
  if (config->playground != "off" && !config->security.tls_client_ca.empty())
    throw CLI::ValidationError("--playground", "cannot be had with --tls-client-ca: a page shows no certificate");
  config->canary_interval = absl::Seconds(flags.canary_seconds);
  config->watchdog_time = absl::Seconds(flags.watchdog_seconds);
  config->max_request_time = absl::Seconds(flags.max_request_seconds);
  if (flags.max_batch_tokens > 0) {
    config->schedule.max_batch_tokens = flags.max_batch_tokens;
  } else if (config->engine.device != "cpu") {
    config->schedule.max_batch_tokens = kGpuBatchTokens;
  }
  config->schedule.max_batch_bytes = config->admission.max_batch_bytes;
  config->admission.max_queue_time = absl::Seconds(flags.max_queue_seconds);
  config->stall_time = absl::Seconds(flags.stall_seconds);
  config->drain_notice = absl::Seconds(flags.drain_notice_seconds);
  config->drain_time = absl::Seconds(flags.drain_seconds);
  config->log_level = *telemetry::ParseLogLevel(flags.log_level);
  if (!flags.log_format.empty()) {
    config->log_format = flags.log_format == "json" ? telemetry::LogFormat::kJson : telemetry::LogFormat::kText;
  }
}

}  // namespace

CommandLine ParseCommandLine(int argc, char** argv) {
  CommandLine line;
  Flags flags;
  CLI::App app(kDescription, "limpid-server");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("limpid-server ") + kVersion);
  app.get_formatter()->column_width(42);
  AddServingFlags(&app, &line.config, &flags);
  AddSecurityFlags(&app, &line.config.security);
  AddComputeFlags(&app, &line.config, &flags);
  AddLimitFlags(&app, &line.config, &flags);
  AddLogFlags(&app, &flags);
  try {
    app.parse(argc, argv);
    Convert(flags, &line.config);
  } catch (const CLI::ParseError& error) {
    line.exits = true;
    line.exit_code = app.exit(error) == 0 ? 0 : 2;
  }
  return line;
}

}  // namespace limpid
