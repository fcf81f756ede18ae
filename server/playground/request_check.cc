#include "playground/request_check.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace limpid::playground {
namespace {

bool IsAddress(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool IsOurs(const std::string& host, const std::string& own_host) {
  return IsAddress(host) || absl::EqualsIgnoreCase(host, "localhost") || absl::EqualsIgnoreCase(host, own_host);
}

bool IsJson(const std::string& content_type) {
  return absl::EqualsIgnoreCase(content_type.substr(0, content_type.find_first_of(" ;")), "application/json");
}

bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7F; });
}

}  // namespace

std::string HostWithoutPort(const std::string& host) {
  if (absl::StartsWith(host, "[")) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

std::optional<Refusal> FindRefusal(const RequestHead& head, const std::string& own_host, long long max_body_bytes) {
  if (!IsOurs(HostWithoutPort(head.host), own_host)) {
    return Refusal{403, "Host must be an address, localhost or the host that --playground names"};
  }
  if (!head.origin.empty() && head.origin != absl::StrCat("http://", head.host)) {
    return Refusal{403, "requests of other sites are refused"};
  }
  if (!IsPrintable(head.authorization)) return Refusal{400, "Authorization must be printable ASCII"};
  if (head.method == "GET") return std::nullopt;
  if (head.method != "POST") return Refusal{405, "GET and POST only"};
  if (!IsJson(head.content_type)) return Refusal{415, "Content-Type must be application/json"};
  if (head.content_length < 0) return Refusal{411, "Content-Length is needed"};
  if (head.content_length > max_body_bytes) {
    return Refusal{413, absl::StrCat("the request has ", head.content_length, " bytes, the limit is ", max_body_bytes)};
  }
  return std::nullopt;
}

}  // namespace limpid::playground
