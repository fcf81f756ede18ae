#include "base/stop_listener.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <stop_token>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"

namespace limpid::base {
namespace {

// All of its addresses; null if it has none.
std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> Find(const std::string& host, int port) {
  const std::string bare(absl::StripSuffix(absl::StripPrefix(host, "["), "]"));
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(bare.c_str(), absl::StrCat(port).c_str(), &hints, &found) != 0) found = nullptr;
  return {found, &freeaddrinfo};
}

// False once nobody listens at any of a host's addresses. Waits for no answer: within a machine it comes at once or
// never.
bool Knock(const addrinfo* address) {
  bool is_open = false;
  for (; address != nullptr; address = address->ai_next) {
    const int connection = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connect(connection, address->ai_addr, address->ai_addrlen) == 0 || errno != ECONNREFUSED) is_open = true;
    close(connection);
  }
  return is_open;
}

}  // namespace

void StopListener(const std::string& host, int port, const std::function<void()>& stop) {
  const std::jthread knocker([&](const std::stop_token& has_ended) {
    const auto addresses = Find(host, port);
    while (!has_ended.stop_requested() && Knock(addresses.get())) absl::SleepFor(absl::Milliseconds(5));
  });
  stop();
}

}  // namespace limpid::base
