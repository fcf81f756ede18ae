#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/gather.h"
#include "lib/json.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// An answer with what it takes to understand it later, and to ask the same again.
struct StoredAnswer {
  v1::ExplainRequest request;
  std::string command;      // that asks the same (command_line_words.h); empty if it came by another way
  std::string received_at;  // RFC 3339, UTC
  Explanation explanation;
};

// With the time of now.
StoredAnswer Received(v1::ExplainRequest request, std::string command, Explanation explanation);

// {"request", "command", "received_at"}, then what ToJson(Explanation) has.
Json ToJson(const StoredAnswer& answer);

// Reads what ToJson wrote and holds it against the contract as if it came from a server (gather.h); attention becomes
// fp32. INVALID_ARGUMENT for text that is no such answer, DATA_LOSS for one that breaks the contract.
absl::StatusOr<StoredAnswer> ReadStoredAnswer(std::string_view text);

}  // namespace limpid::client
