#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace limpid::schedule {

// Interactive rows go first; bulk rows fill what they leave, and always keep a small share.
enum class Priority { kInteractive, kBulk };
inline constexpr size_t kNumPriorities = 2;

// What one client may take; 0: no limit.
struct ClientLimits {
  size_t max_concurrent_requests = 0;
  double tokens_per_second = 0;
  std::optional<Priority> priority = {};  // instead of what its requests ask for
};

// Requests under way and tokens lately taken, by client. Forgets a client that has nothing under way and could take a
// full second's tokens, so memory follows the clients that are active. Not thread-safe.
//
// The rate is a token bucket that holds one second's worth; a request larger than that empties it below zero.
class ClientAccounts {
 public:
  // RESOURCE_EXHAUSTED CLIENT_LIMIT naming the limit, with the time until it is free again.
  absl::Status Check(const std::string& client, const ClientLimits& limits, absl::Time now) const;

  void Enter(const std::string& client, const ClientLimits& limits, size_t tokens, absl::Time now);
  // More tokens for a request that is inside; negative: fewer.
  void Charge(const std::string& client, double tokens);
  void Leave(const std::string& client, absl::Time now);

  size_t size() const { return accounts_.size(); }

 private:
  struct Account {
    size_t num_inside = 0;
    double tokens_per_second = 0;
    double tokens = 0;  // that may be taken, as of `updated`
    absl::Time updated;

    double TokensAt(absl::Time now) const;
  };

  std::map<std::string, Account, std::less<>> accounts_;
};

}  // namespace limpid::schedule
