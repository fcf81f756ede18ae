#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Named as in newer Abseil (absl/status/status_macros.h), to be deleted when Debian's has them.

#define ABSL_STATUS_CONCAT_INNER_(a, b) a##b
#define ABSL_STATUS_CONCAT_(a, b) ABSL_STATUS_CONCAT_INNER_(a, b)

#define ABSL_RETURN_IF_ERROR(expr)                                    \
  do {                                                                \
    if (absl::Status status_ = (expr); !status_.ok()) return status_; \
  } while (false)

#define ABSL_ASSIGN_OR_RETURN(lhs, expr) \
  ABSL_ASSIGN_OR_RETURN_IMPL_(ABSL_STATUS_CONCAT_(status_or_, __LINE__), lhs, expr)

#define ABSL_ASSIGN_OR_RETURN_IMPL_(status_or, lhs, expr)    \
  auto status_or = (expr);                                   \
  if (!status_or.ok()) return std::move(status_or).status(); \
  lhs = *std::move(status_or)
