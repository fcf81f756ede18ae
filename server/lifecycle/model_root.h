#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace limpid::lifecycle {

// The folder that a remote administrator means: `folder` below `root`, relative to it or absolute, with every symbolic
// link resolved, that of the folder and those of the files in it. INVALID_ARGUMENT, without saying anything of what
// lies on this machine, unless all of it lies below `root`.
absl::StatusOr<std::string> ResolveBelow(const std::string& root, const std::string& folder);

}  // namespace limpid::lifecycle
