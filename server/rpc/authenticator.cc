#include "rpc/authenticator.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "base/status_macros.h"

namespace limpid::rpc {
namespace {

constexpr std::string_view kScheme = "Bearer ";

bool StartsWithScheme(std::string_view authorization) {
  const std::string_view start = authorization.substr(0, kScheme.size());
  return absl::EqualsIgnoreCase({start.data(), start.size()}, {kScheme.data(), kScheme.size()});
}

}  // namespace

void Authenticator::SetTokens(BearerTokens tokens) {
  auto shared = std::make_shared<const BearerTokens>(std::move(tokens));
  absl::MutexLock lock(&mutex_);
  tokens_.swap(shared);
}

void Authenticator::SetJwtVerifier(JwtVerifier verifier) {
  auto shared = std::make_shared<const JwtVerifier>(std::move(verifier));
  absl::MutexLock lock(&mutex_);
  jwt_verifier_.swap(shared);
}

absl::StatusOr<Identity> Authenticator::Authenticate(const Presented& presented, absl::Time now) const {
  std::shared_ptr<const BearerTokens> tokens;
  std::shared_ptr<const JwtVerifier> jwt_verifier;
  {
    absl::MutexLock lock(&mutex_);
    tokens = tokens_;
    jwt_verifier = jwt_verifier_;
  }
  if (tokens == nullptr && jwt_verifier == nullptr) {
    const bool has_certificate = !presented.certificate_name.empty();
    return Identity{.name = std::string(has_certificate ? presented.certificate_name : presented.address),
                    .limits = {}};
  }
  if (!StartsWithScheme(presented.authorization)) return absl::UnauthenticatedError("no bearer token was shown");
  const std::string_view token = presented.authorization.substr(kScheme.size());
  const Identity* known = tokens == nullptr ? nullptr : tokens->Find(token);
  if (known != nullptr) return *known;
  if (jwt_verifier == nullptr) return absl::UnauthenticatedError("the bearer token is unknown");
  ABSL_ASSIGN_OR_RETURN(std::string subject, jwt_verifier->Verify(token, now));
  return Identity{.name = std::move(subject)};
}

}  // namespace limpid::rpc
