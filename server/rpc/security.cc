#include "rpc/security.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/reason.h"
#include "base/status_macros.h"

namespace limpid::rpc {
namespace {

using telemetry::LogLevel;

constexpr absl::Duration kReloadInterval = absl::Milliseconds(500);

}  // namespace

absl::StatusOr<std::unique_ptr<Security>> Security::Load(const SecurityOptions& options, telemetry::Log* log) {
  std::unique_ptr<Security> security(new Security(options, log));
  if (options.has_tls()) ABSL_RETURN_IF_ERROR(security->LoadCertificates());
  if (!options.auth_tokens.empty()) {
    ABSL_RETURN_IF_ERROR(security->LoadFile("--auth-tokens", options.auth_tokens, &Security::UseTokens));
  }
  if (!options.auth_jwt_keys.empty()) {
    ABSL_RETURN_IF_ERROR(security->LoadFile("--auth-jwt-keys", options.auth_jwt_keys, &Security::UseJwtKeys));
  }
  security->watcher_.Start();
  return security;
}

Security::Security(const SecurityOptions& options, telemetry::Log* log)
    : options_(options), log_(log), watcher_(kReloadInterval) {}

std::shared_ptr<grpc::ServerCredentials> Security::MakeCredentials() {
  return certificates_ == nullptr ? nullptr : certificates_->MakeCredentials();
}

absl::Status Security::LoadCertificates() {
  std::vector<std::string> paths = {options_.tls_cert, options_.tls_key};
  if (!options_.tls_client_ca.empty()) paths.push_back(options_.tls_client_ca);
  auto contents = watcher_.Watch(paths, [this](const absl::StatusOr<base::FileWatcher::Contents>& changed) {
    LogReload("certificates", changed.ok() ? UseCertificates(*changed) : changed.status());
  });
  if (!contents.ok()) return base::Annotate(contents.status(), "--tls-cert, --tls-key, --tls-client-ca: ");
  return UseCertificates(*std::move(contents));
}

absl::Status Security::UseCertificates(base::FileWatcher::Contents contents) {
  CertificateTexts texts = {std::move(contents[0]), std::move(contents[1]), std::nullopt};
  if (contents.size() > 2) texts.client_ca = std::move(contents[2]);
  ABSL_ASSIGN_OR_RETURN(const CertificateFacts facts, CheckCertificates(texts));
  if (certificates_ == nullptr) {
    certificates_ = std::make_unique<CertificateStore>(std::move(texts));
  } else {
    certificates_->Replace(std::move(texts));
  }
  log_->Write(LogLevel::kInfo, "certificate",
              {{"subject", facts.subject}, {"not_after", absl::FormatTime(facts.not_after, absl::UTCTimeZone())}});
  return absl::OkStatus();
}

absl::Status Security::UseTokens(const std::string& text) {
  ABSL_ASSIGN_OR_RETURN(BearerTokens tokens, BearerTokens::Parse(text));
  log_->Write(LogLevel::kInfo, "bearer tokens", {{"clients", static_cast<int64_t>(tokens.size())}});
  authenticator_.SetTokens(std::move(tokens));
  return absl::OkStatus();
}

absl::Status Security::UseJwtKeys(const std::string& text) {
  ABSL_ASSIGN_OR_RETURN(
      JwtVerifier verifier,
      JwtVerifier::Create({.keys = text, .issuer = options_.auth_jwt_issuer, .audience = options_.auth_jwt_audience}));
  log_->Write(LogLevel::kInfo, "jwt keys", {{"keys", static_cast<int64_t>(verifier.num_keys())}});
  authenticator_.SetJwtVerifier(std::move(verifier));
  return absl::OkStatus();
}

absl::Status Security::LoadFile(const char* flag, const std::string& path,
                                absl::Status (Security::*use)(const std::string&)) {
  auto contents = watcher_.Watch({path}, [=, this](const absl::StatusOr<base::FileWatcher::Contents>& changed) {
    LogReload(flag, changed.ok() ? (this->*use)(changed->front()) : changed.status());
  });
  const absl::Status used = contents.ok() ? (this->*use)(contents->front()) : contents.status();
  return used.ok() ? used : base::Annotate(used, absl::StrCat(flag, ": "));
}

void Security::LogReload(const char* what, const absl::Status& status) {
  if (status.ok()) return;
  log_->Write(LogLevel::kError, "not reloaded, the old one stays in force",
              {{"what", what}, {"error", std::string(status.message())}});
}

}  // namespace limpid::rpc
