#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "engine/models/architecture.h"
#include "engine/weights/config_json.h"

// Rotary position embeddings as configurations describe them.
namespace limpid::engine {

// rope_parameters, or rope_theta and rope_scaling as Transformers wrote them before version 5. UNIMPLEMENTED for a
// rope_type other than default, linear, llama3 and yarn.
absl::StatusOr<Rotary> ReadRotary(const ConfigJson& config, const Architecture& a);

// The same from one of several objects like rope_parameters; without it, or where it says nothing, `base` is
// rope_theta.
absl::StatusOr<Rotary> ReadRotary(const ConfigJson& config, const std::optional<ConfigJson>& parameters, double base,
                                  const Architecture& a);

}  // namespace limpid::engine
