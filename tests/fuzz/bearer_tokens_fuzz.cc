// Bytes as the file of --auth-tokens: refused with words, or clients whose limits are usable numbers.
#include <cmath>
#include <cstdint>

#include "fuzz/check.h"
#include "rpc/bearer_tokens.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto tokens = limpid::rpc::BearerTokens::Parse(std::string(text));
  if (!tokens.ok()) {
    FUZZ_CHECK(tokens.status().code() == absl::StatusCode::kInvalidArgument && !tokens.status().message().empty());
    return 0;
  }
  FUZZ_CHECK(tokens->size() > 0);
  // The corpus's clients have the digest of "token".
  if (const limpid::rpc::Identity* known = tokens->Find("token"); known != nullptr) {
    FUZZ_CHECK(!known->name.empty() && std::isfinite(known->limits.tokens_per_second));
  }
  FUZZ_CHECK(tokens->Find(text) == nullptr);  // no file holds its own digest
  return 0;
}
