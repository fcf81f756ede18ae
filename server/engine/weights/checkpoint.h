#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/weights/safetensors.h"

namespace limpid::engine {

// The weights of a model folder: model.safetensors or, where there is none, the shards that
// model.safetensors.index.json names. Immutable; tensors live as long as this object.
class Checkpoint {
 public:
  // As SafetensorsFile::Open of each file. NOT_FOUND with neither; INVALID_ARGUMENT, naming file and tensor, for an
  // index that names a file outside of the folder, a shard that lacks a tensor which the index says it has, or a tensor
  // that two shards have.
  static absl::StatusOr<std::shared_ptr<const Checkpoint>> Open(const std::string& folder,
                                                                FileAccess access = FileAccess::kRead);

  // Null when there is no tensor of that name.
  const StoredTensor* Find(const std::string& name) const;

  // SHA-256 of all its bytes, of shards joined in the order of their names (`cat model-*.safetensors | sha256sum`).
  std::string Sha256Hex() const;

 private:
  Checkpoint() = default;
  absl::Status AddFile(const std::string& folder, const std::string& name, FileAccess access);

  std::map<std::string, std::shared_ptr<const SafetensorsFile>> files_;  // by name
  std::map<std::string, const StoredTensor*> tensors_;
};

}  // namespace limpid::engine
