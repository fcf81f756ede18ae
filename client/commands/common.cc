#include "commands/common.h"

#include <algorithm>
#include <utility>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "lib/render/visible_text.h"

namespace limpid::client {
namespace {

// An hour; gRPC's clock has no room for much more than a lifetime.
constexpr double kMaxTimeoutSeconds = 3600;

// Where the descriptions of options begin in --help.
constexpr size_t kHelpColumns = 34;

ExitCode CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return kNoServer;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
      return kRefused;
    default:
      return kOtherFailure;
  }
}

void AddSecurityOptions(CLI::App* command, CommonOptions* options) {
  const auto add = [command](const char* name, std::string* value, const char* environment, const char* help) {
    return command->add_option(name, *value, help)->envname(environment)->type_name("");
  };
  ServerAddress& server = options->server;
  CLI::Option* ca = add("--tls-ca", &server.tls_ca_file, "LIMPID_TLS_CA", "CA of the server's certificate: use TLS");
  CLI::Option* cert =
      add("--tls-cert", &server.tls_cert_file, "LIMPID_TLS_CLIENT_CERT", "Certificate to show the server");
  CLI::Option* key = add("--tls-key", &server.tls_key_file, "LIMPID_TLS_CLIENT_KEY", "Its private key");
  cert->needs(ca)->needs(key);
  key->needs(cert);
  add("--tls-server-name", &server.tls_server_name, "LIMPID_TLS_SERVER_NAME", "Name in the server's certificate")
      ->needs(ca);
  add("--token-file", &options->token_file, "LIMPID_TOKEN_FILE", "File with the bearer token to show");
}

}  // namespace

void AddServerOptions(CLI::App* command, CommonOptions* options) {
  command->get_formatter()->column_width(kHelpColumns);
  command->add_option("--server", options->server.address, "HOST:PORT of the server")
      ->envname("LIMPID_SERVER")
      ->capture_default_str()
      ->type_name("");
  AddSecurityOptions(command, options);
  command->add_option("--timeout", options->timeout_seconds, "Seconds to wait for the answer")
      ->check(CLI::Range(0.001, kMaxTimeoutSeconds).description(""))
      ->capture_default_str()
      ->type_name("");
}

void AddCommonOptions(CLI::App* command, CommonOptions* options) {
  AddServerOptions(command, options);
  command->add_flag("--json", options->json, "The whole answer as JSON");
  command->add_option("--color", options->color, "auto, always or never; auto respects NO_COLOR")
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""))
      ->capture_default_str()
      ->type_name("");
}

absl::StatusOr<ExplainClient> MakeClient(const CommonOptions& options, Retries retries) {
  std::string token;
  if (!options.token_file.empty()) {
    const absl::StatusOr<std::string> text = ReadSmallFile("--token-file", options.token_file);
    if (!text.ok()) return text.status();
    token = std::string(absl::StripAsciiWhitespace(*text));
    const bool is_usable = !token.empty() && std::all_of(token.begin(), token.end(), absl::ascii_isgraph);
    if (!is_usable) return absl::InvalidArgumentError("--token-file: " + options.token_file + " holds no token");
  }
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = MakeChannel(options.server, retries);
  if (!channel.ok()) return channel.status();
  return ExplainClient(*std::move(channel), options.server.address, absl::Seconds(options.timeout_seconds), token);
}

ExitCode Fail(const absl::Status& status, std::ostream& err) {
  // Codes that say more than the message does: whose fault it is.
  const bool is_servers = CodeOf(status) == kOtherFailure && !absl::IsUnknown(status);
  err << "limpid: " << (is_servers ? absl::StatusCodeToString(status.code()) + ": " : "")
      << VisibleLines(std::string(status.message())) << "\n";
  return CodeOf(status);
}

ExitCode FailUsage(const absl::Status& status, std::ostream& err) {
  err << "limpid: " << VisibleLines(std::string(status.message())) << "\n";
  return kUsage;
}

}  // namespace limpid::client
