#pragma once

#include <memory>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "rpc/bearer_tokens.h"
#include "rpc/jwt.h"

namespace limpid::rpc {

// Says who calls. Once it has tokens or keys, every caller must show a bearer token and is whom the token names; else
// he is whom his TLS certificate names; else the address he calls from. Thread-safe.
class Authenticator {
 public:
  // What a call shows.
  struct Presented {
    std::string_view authorization = {};     // the metadata of that name; empty: none
    std::string_view certificate_name = {};  // of a verified client certificate; empty: none
    std::string_view address;                // without port
  };

  // Clients with fixed tokens; replaces those from before.
  void SetTokens(BearerTokens tokens);
  // Whose signatures make a token good; replaces those from before.
  void SetJwtVerifier(JwtVerifier verifier);

  // UNAUTHENTICATED says what is wrong, for the log: callers are told no more than that a token is needed.
  absl::StatusOr<Identity> Authenticate(const Presented& presented, absl::Time now) const;

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const BearerTokens> tokens_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const JwtVerifier> jwt_verifier_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace limpid::rpc
