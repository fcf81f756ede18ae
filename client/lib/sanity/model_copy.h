#pragma once

#include <filesystem>

#include "absl/status/status.h"

namespace limpid::client {

// Makes the folder `copy`, whose model.safetensors is a copy of `folder`'s that may be changed, and whose other entries
// are links to `folder`'s. UNKNOWN with the system's reason.
absl::Status CopyModel(const std::filesystem::path& folder, const std::filesystem::path& copy);

}  // namespace limpid::client
