#include "rpc/bearer_tokens.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/reason.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"

namespace limpid::rpc {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxClients = 1000;
constexpr size_t kMaxNameBytes = 128;

absl::Status Wrong(std::string_view what) { return absl::InvalidArgumentError(std::string(what)); }

// A misspelt limit would be no limit.
absl::Status CheckKeys(const Json& object, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return Wrong("must be an object");
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end())
      return Wrong(absl::StrCat("unknown field '", key, "'"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Text(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return Wrong(absl::StrCat(key, ": must be a text"));
  return found->get<std::string>();
}

// 0 where there is none: no limit.
absl::StatusOr<double> Limit(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return 0;
  if (!found->is_number() || found->get<double>() <= 0 || !std::isfinite(found->get<double>())) {
    return Wrong(absl::StrCat(key, ": must be a number over 0; leave it out for no limit"));
  }
  return found->get<double>();
}

absl::StatusOr<schedule::ClientLimits> ParseLimits(const Json& client) {
  schedule::ClientLimits limits;
  ABSL_ASSIGN_OR_RETURN(const double requests, Limit(client, "max_concurrent_requests"));
  if (requests != std::floor(requests) || requests > 1e9) {
    return Wrong("max_concurrent_requests: must be a whole number up to 1000000000");
  }
  limits.max_concurrent_requests = static_cast<size_t>(requests);
  ABSL_ASSIGN_OR_RETURN(limits.tokens_per_second, Limit(client, "tokens_per_second"));
  if (client.contains("priority")) {
    ABSL_ASSIGN_OR_RETURN(const std::string priority, Text(client, "priority"));
    if (priority != "bulk" && priority != "interactive") return Wrong("priority: must be bulk or interactive");
    limits.priority = priority == "bulk" ? schedule::Priority::kBulk : schedule::Priority::kInteractive;
  }
  return limits;
}

absl::StatusOr<std::string> ParseDigest(const Json& client) {
  ABSL_ASSIGN_OR_RETURN(const std::string hex, Text(client, "token_sha256"));
  if (hex.size() != 2 * SHA256_DIGEST_LENGTH || !std::all_of(hex.begin(), hex.end(), absl::ascii_isxdigit)) {
    return Wrong("token_sha256: must be 64 hex digits, as in: printf %s TOKEN | sha256sum");
  }
  return absl::HexStringToBytes(hex);
}

absl::StatusOr<Identity> ParseIdentity(const Json& client) {
  ABSL_RETURN_IF_ERROR(
      CheckKeys(client, {"name", "token_sha256", "max_concurrent_requests", "tokens_per_second", "priority"}));
  Identity identity;
  ABSL_ASSIGN_OR_RETURN(identity.name, Text(client, "name"));
  if (identity.name.empty() || identity.name.size() > kMaxNameBytes) {
    return Wrong(absl::StrCat("name: must have 1 to ", kMaxNameBytes, " bytes"));
  }
  ABSL_ASSIGN_OR_RETURN(identity.limits, ParseLimits(client));
  return identity;
}

}  // namespace

absl::StatusOr<BearerTokens> BearerTokens::Parse(const std::string& json) {
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return Wrong("not JSON");
  ABSL_RETURN_IF_ERROR(CheckKeys(root, {"clients"}));
  const auto clients = root.find("clients");
  if (clients == root.end() || !clients->is_array() || clients->empty() || clients->size() > kMaxClients) {
    return Wrong(absl::StrCat("clients: must be a list of 1 to ", kMaxClients, " objects"));
  }
  BearerTokens tokens;
  for (size_t i = 0; i < clients->size(); ++i) {
    const auto in_entry = [i](const absl::Status& status) {
      return base::Annotate(status, absl::StrCat("clients[", i, "]: "));
    };
    absl::StatusOr<Identity> identity = ParseIdentity((*clients)[i]);
    if (!identity.ok()) return in_entry(identity.status());
    const absl::StatusOr<std::string> bytes = ParseDigest((*clients)[i]);
    if (!bytes.ok()) return in_entry(bytes.status());
    Client client = {.digest = {}, .identity = *std::move(identity)};
    std::copy(bytes->begin(), bytes->end(), client.digest.begin());
    for (const Client& other : tokens.clients_) {
      if (other.digest == client.digest) return in_entry(Wrong("token_sha256: is there twice"));
    }
    tokens.clients_.push_back(std::move(client));
  }
  return tokens;
}

const Identity* BearerTokens::Find(std::string_view token) const {
  Digest digest;
  SHA256(reinterpret_cast<const uint8_t*>(token.data()), token.size(), digest.data());
  const Identity* found = nullptr;
  for (const Client& client : clients_) {
    if (CRYPTO_memcmp(client.digest.data(), digest.data(), digest.size()) == 0) found = &client.identity;
  }
  return found;
}

}  // namespace limpid::rpc
