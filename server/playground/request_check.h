#pragma once

#include <optional>
#include <string>

namespace limpid::playground {

// What a request's head says; an empty text stands for a header that is not there.
struct RequestHead {
  std::string method = {};
  std::string host = {};
  std::string origin = {};
  std::string content_type = {};
  std::string authorization = {};
  long long content_length = -1;  // -1: not said
};

struct Refusal {
  int http_status;
  std::string reason;
};

// What must hold of every request. Any page that the user opens can send requests through his browser to ports that
// only his machine reaches, so two kinds of them are refused:
//  * DNS rebinding: a foreign name that was made to lead to our address makes the foreign page one of our own site. But
//    the name stands in Host: taken are addresses, which nobody can make lead elsewhere, "localhost", and `own_host`.
//  * Requests across sites: Origin must be our own where a browser sends it; and a POST must be JSON, which foreign
//    pages cannot send unless we allow it in answer to an OPTIONS request, and we never do.
// What goes on as gRPC metadata may hold printable ASCII only, or gRPC would end the process.
std::optional<Refusal> FindRefusal(const RequestHead& head, const std::string& own_host, long long max_body_bytes);

// "::1" of "[::1]:8090", "localhost" of "localhost:8090".
std::string HostWithoutPort(const std::string& host);

}  // namespace limpid::playground
