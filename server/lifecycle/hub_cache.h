#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace limpid::lifecycle {

// The model folder that `folder` means: itself or, where it is a model of Hugging Face's cache (models--org--name), the
// snapshot that refs/main names; without that file the only one there is. NOT_FOUND, naming the folder, if none or
// several could be meant; INVALID_ARGUMENT if a link lies on the way from `folder` to the snapshot, which may lead
// anywhere (its files are links, as the cache has them).
// Layout: huggingface.co/docs/huggingface_hub/guides/manage-cache.
absl::StatusOr<std::string> FindSnapshot(const std::string& folder);

}  // namespace limpid::lifecycle
