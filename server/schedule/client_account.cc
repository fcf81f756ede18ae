#include "schedule/client_account.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/reason.h"

namespace limpid::schedule {
namespace {

// Of requests under way: when one ends is not known, a little later is a good guess.
constexpr absl::Duration kConcurrencyRetry = absl::Milliseconds(100);
// Above this many, clients with nothing under way are looked through.
constexpr size_t kManyClients = 1024;

absl::Status Refusal(const std::string& message, absl::Duration retry_after) {
  return base::WithRetryAfter(base::WithReason(absl::ResourceExhaustedError(message), base::Reason::kClientLimit),
                              retry_after);
}

}  // namespace

double ClientAccounts::Account::TokensAt(absl::Time now) const {
  const double earned = tokens_per_second * std::max(0.0, absl::ToDoubleSeconds(now - updated));
  return std::min(tokens_per_second, tokens + earned);
}

absl::Status ClientAccounts::Check(const std::string& client, const ClientLimits& limits, absl::Time now) const {
  const auto found = accounts_.find(client);
  if (found == accounts_.end()) return absl::OkStatus();
  const Account& account = found->second;
  if (limits.max_concurrent_requests > 0 && account.num_inside >= limits.max_concurrent_requests) {
    return Refusal(absl::StrCat("this client has ", account.num_inside, " requests under way, at most ",
                                limits.max_concurrent_requests, " are allowed"),
                   kConcurrencyRetry);
  }
  if (limits.tokens_per_second <= 0 || account.tokens_per_second <= 0) return absl::OkStatus();
  const double tokens = account.TokensAt(now);
  if (tokens > 0) return absl::OkStatus();
  return Refusal(absl::StrCat("this client has taken its ", limits.tokens_per_second, " tokens a second"),
                 absl::Seconds((1 - tokens) / limits.tokens_per_second));
}

void ClientAccounts::Enter(const std::string& client, const ClientLimits& limits, size_t tokens, absl::Time now) {
  const auto [at, is_new] = accounts_.try_emplace(client);
  Account& account = at->second;
  if (is_new || account.tokens_per_second != limits.tokens_per_second) {
    account.tokens = limits.tokens_per_second;
  } else {
    account.tokens = account.TokensAt(now);
  }
  account.tokens_per_second = limits.tokens_per_second;
  account.updated = now;
  account.tokens -= static_cast<double>(tokens);
  ++account.num_inside;
}

void ClientAccounts::Charge(const std::string& client, double tokens) { accounts_.at(client).tokens -= tokens; }

void ClientAccounts::Leave(const std::string& client, absl::Time now) {
  const auto found = accounts_.find(client);
  --found->second.num_inside;
  const auto is_forgettable = [now](const Account& account) {
    const bool is_rested = account.tokens_per_second <= 0 || account.TokensAt(now) >= account.tokens_per_second;
    return account.num_inside == 0 && is_rested;
  };
  if (is_forgettable(found->second)) {
    accounts_.erase(found);
  } else if (accounts_.size() > kManyClients) {
    std::erase_if(accounts_, [&](const auto& entry) { return is_forgettable(entry.second); });
  }
}

}  // namespace limpid::schedule
