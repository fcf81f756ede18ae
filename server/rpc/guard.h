#pragma once

#include <exception>
#include <new>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/reason.h"

namespace limpid::rpc {

// Runs `body`; what it throws becomes a status. An exception that leaves a handler reaches the client as UNIMPLEMENTED,
// one that leaves a reaction leaks the call and hangs the server's shutdown: no entry goes without this.
template <typename Body>
absl::Status Guarded(Body&& body) {
  try {
    body();
    return absl::OkStatus();
  } catch (const std::bad_alloc&) {
    return base::WithReason(absl::ResourceExhaustedError("the server has no memory left for this request"),
                            base::Reason::kOutOfDeviceMemory);
  } catch (const std::exception& e) {
    return base::WithReason(absl::InternalError(absl::StrCat("a defect of the server: ", e.what())),
                            base::Reason::kInvariant);
  }
}

}  // namespace limpid::rpc
