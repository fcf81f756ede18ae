#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "limpid/v1/explain.pb.h"

namespace limpid::client {

// Which attention maps, as a person writes it: "all", "none" (nullopt), or LAYERS[:HEADS], each "all" or a comma list
// of numbers and ranges. Layers may be negative to count from the end: "-1", "0,3-5", "-1:0-3", "all:2".
// INVALID_ARGUMENT says what is wrong.
absl::StatusOr<std::optional<v1::AttentionSelection>> ParseAttention(absl::string_view spec);

}  // namespace limpid::client
