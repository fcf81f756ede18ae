#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/reason.h"

namespace limpid::explain {

// INVALID_ARGUMENT REQUEST_TOO_LARGE with limit and actual size.
inline absl::Status TooLarge(const std::string& message, uint64_t limit, uint64_t actual) {
  absl::Status status = base::WithReason(absl::InvalidArgumentError(message), base::Reason::kRequestTooLarge);
  return base::WithDetail(base::WithDetail(status, "limit", absl::StrCat(limit)), "actual", absl::StrCat(actual));
}

// INTERNAL NON_FINITE.
inline absl::Status NonFinite(const std::string& message) {
  return base::WithReason(absl::InternalError(message), base::Reason::kNonFinite);
}

}  // namespace limpid::explain
