#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/file_watcher.h"
#include "grpcpp/security/server_credentials.h"
#include "rpc/authenticator.h"
#include "rpc/credentials.h"
#include "telemetry/log.h"

namespace limpid::rpc {

// The files and names that decide who may connect and call. Empty: not asked for.
struct SecurityOptions {
  std::string tls_cert, tls_key;  // both or none
  std::string tls_client_ca;      // only with the two
  std::string auth_tokens;
  std::string auth_jwt_keys;
  std::string auth_jwt_issuer, auth_jwt_audience;  // only with keys

  bool has_tls() const { return !tls_cert.empty(); }
};

// Loads those files, and loads them again when they change: new connections and new requests go by the new ones. What
// cannot be used is logged and changes nothing. Outlives the listener that uses it.
class Security {
 public:
  // The status names the flag and what is wrong with its file. `log` outlives this.
  static absl::StatusOr<std::unique_ptr<Security>> Load(const SecurityOptions& options, telemetry::Log* log);

  // Null: plaintext. For one listener, and once.
  std::shared_ptr<grpc::ServerCredentials> MakeCredentials();
  const Authenticator& authenticator() const { return authenticator_; }

 private:
  Security(const SecurityOptions& options, telemetry::Log* log);

  absl::Status LoadCertificates();
  absl::Status UseCertificates(base::FileWatcher::Contents contents);
  absl::Status UseTokens(const std::string& text);
  absl::Status UseJwtKeys(const std::string& text);
  void LogReload(const char* what, const absl::Status& status);
  // One file: `use` is given its text, now and when it has changed.
  absl::Status LoadFile(const char* flag, const std::string& path, absl::Status (Security::*use)(const std::string&));

  const SecurityOptions options_;
  telemetry::Log* const log_;
  std::unique_ptr<CertificateStore> certificates_;
  Authenticator authenticator_;
  // Last: its callbacks use the others.
  base::FileWatcher watcher_;
};

}  // namespace limpid::rpc
