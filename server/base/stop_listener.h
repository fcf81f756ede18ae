#pragma once

#include <functional>
#include <string>

namespace limpid::base {

// Calls `stop`, which ends a server that accepts connections at this address of this machine, and meanwhile connects
// to it until it refuses: a CivetWeb that waits for somebody to come looks only every two seconds whether it shall end.
// `host` as in HOST:PORT, an IPv6 address in brackets or without.
void StopListener(const std::string& host, int port, const std::function<void()>& stop);

}  // namespace limpid::base
