#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/models/architecture.h"
#include "engine/weights/checkpoint.h"

namespace limpid::engine {

// A Hugging Face model folder, opened and understood.
struct ModelFolder {
  Architecture architecture;
  std::shared_ptr<const Checkpoint> weights;
};

// Reads config.json, the weights, and for embeddings what sentence-transformers says of the pooling
// (modules.json, 1_Pooling/config.json). Errors name the file and the field.
absl::StatusOr<ModelFolder> OpenModelFolder(const std::string& path, FileAccess access = FileAccess::kRead);

}  // namespace limpid::engine
