#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/models/architecture.h"
#include "engine/weights/config_json.h"

namespace limpid::engine {

// Describes the model of a config.json by its `architectures[0]`. UNIMPLEMENTED for one that is not in the list; the
// message names it and lists those that are.
absl::StatusOr<Architecture> DescribeModel(const ConfigJson& config);

}  // namespace limpid::engine
