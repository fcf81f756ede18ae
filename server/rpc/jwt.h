#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rpc/openssl.h"

namespace limpid::rpc {

struct JwtOptions {
  std::string keys;           // one or more public keys, PEM
  std::string issuer = {};    // what `iss` must be; empty: not looked at
  std::string audience = {};  // what `aud` must be or contain; empty: not looked at
};

// Verifies JSON Web Tokens (RFC 7519) signed with RS256 or ES256. Which algorithm is allowed follows from the type of
// the keys and never from the token, so neither "none" nor a signature with a public key as secret can pass. Immutable.
//
// By OpenSSL: Debian 12's libjwt (1.10) lets the token choose the algorithm.
class JwtVerifier {
 public:
  static constexpr size_t kMaxKeys = 16;
  static constexpr size_t kMaxTokenBytes = 8 << 10;
  static constexpr size_t kMaxSubjectBytes = 256;
  // What the clocks of issuer and server may differ.
  static constexpr absl::Duration kClockSkew = absl::Seconds(30);

  // INVALID_ARGUMENT if there is no key, one that is damaged, or one that is neither RSA of 2048 bits or more nor EC on
  // P-256.
  static absl::StatusOr<JwtVerifier> Create(const JwtOptions& options);

  // The `sub` of a token that is signed by one of the keys, has an `exp` to come, an `nbf` past, if any, and the issuer
  // and audience asked for. UNAUTHENTICATED says what is wrong, and is for the log only. Some 50 to 100 microseconds.
  absl::StatusOr<std::string> Verify(std::string_view token, absl::Time now) const;

  size_t num_keys() const { return keys_.size(); }

 private:
  enum class Algorithm { kRs256, kEs256 };
  struct VerificationKey {
    Algorithm algorithm;
    Key key;
  };

  static absl::StatusOr<Algorithm> AlgorithmOf(const EVP_PKEY* key);
  bool IsSigned(std::string_view signed_part, const std::string& signature, Algorithm algorithm) const;

  std::vector<VerificationKey> keys_;
  std::string issuer_, audience_;
};

}  // namespace limpid::rpc
