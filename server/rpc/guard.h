#pragma once

#include <exception>
#include <new>

#include "absl/status/status.h"

namespace limpid::rpc {

// Runs `body`; what it throws becomes a status. An exception that leaves a handler reaches the client as UNIMPLEMENTED,
// one that leaves a reaction leaks the call and hangs the server's shutdown: no entry goes without this.
template <typename Body>
absl::Status Guarded(Body&& body) {
  try {
    body();
    return absl::OkStatus();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("the server has no memory left for this request");
  } catch (const std::exception&) {
    return absl::InternalError("a defect of the server ended this request");
  }
}

}  // namespace limpid::rpc
