#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "schedule/admission.h"

namespace limpid::rpc {

// Who calls, once it is proven, and what he may take.
struct Identity {
  std::string name;
  schedule::ClientLimits limits = {};
};

// The clients that show a fixed token: the content of --auth-tokens. Knows the tokens' SHA-256 only. Immutable.
class BearerTokens {
 public:
  // {"clients": [{"name": "search", "token_sha256": "<64 hex digits>", "max_concurrent_requests": 8,
  //               "tokens_per_second": 5000, "priority": "bulk" | "interactive"}]}
  // The last three may be missing. A name may have several tokens, as while one is exchanged for another.
  // INVALID_ARGUMENT names the entry and the field.
  static absl::StatusOr<BearerTokens> Parse(const std::string& json);

  // Takes the same time for each token of a length. Null for an unknown one.
  const Identity* Find(std::string_view token) const;

  size_t size() const { return clients_.size(); }

 private:
  using Digest = std::array<uint8_t, 32>;
  struct Client {
    Digest digest;
    Identity identity;
  };

  std::vector<Client> clients_;
};

}  // namespace limpid::rpc
