#include "engine/weights/checkpoint.h"

#include <filesystem>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/weights/config_json.h"
#include "engine/weights/sha256.h"

namespace limpid::engine {
namespace {

constexpr char kWhole[] = "model.safetensors", kIndex[] = "model.safetensors.index.json";
// Llama 3.1 of 405 billion parameters has 191.
constexpr size_t kMaxShards = 2000;

absl::Status Invalid(const std::string& what) { return absl::InvalidArgumentError(absl::StrCat(kIndex, ": ", what)); }

// A file of the folder itself; what else lies on the machine is none of an index's business.
bool IsPlainName(const std::string& name) {
  return name.ends_with(".safetensors") && name.front() != '.' &&
         name.find_first_of(std::string_view("/\0", 2)) == name.npos;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Checkpoint>> Checkpoint::Open(const std::string& folder, FileAccess access) {
  const std::shared_ptr<Checkpoint> checkpoint(new Checkpoint);
  const std::string index_path = absl::StrCat(folder, "/", kIndex);
  if (std::filesystem::exists(absl::StrCat(folder, "/", kWhole)) || !std::filesystem::exists(index_path)) {
    ABSL_RETURN_IF_ERROR(checkpoint->AddFile(folder, kWhole, access));
    return checkpoint;
  }
  ABSL_ASSIGN_OR_RETURN(const ConfigJson index, ConfigJson::Load(index_path));
  ABSL_ASSIGN_OR_RETURN(const auto shard_of, index.StringMap("weight_map"));
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : shard_of) {
    if (!IsPlainName(shard)) {
      return Invalid(absl::StrCat("weight_map: '", tensor, "' must lie in a .safetensors file of the same folder"));
    }
    shards.insert(shard);
  }
  if (shards.empty() || shards.size() > kMaxShards) {
    return Invalid(absl::StrCat("weight_map: names ", shards.size(), " files, must be 1 to ", kMaxShards));
  }
  for (const std::string& shard : shards) ABSL_RETURN_IF_ERROR(checkpoint->AddFile(folder, shard, access));
  for (const auto& [tensor, shard] : shard_of) {
    if (!checkpoint->files_.at(shard)->Has(tensor)) {
      return Invalid(absl::StrCat("weight_map: '", tensor, "' is not in ", shard));
    }
  }
  return checkpoint;
}

absl::Status Checkpoint::AddFile(const std::string& folder, const std::string& name, FileAccess access) {
  ABSL_ASSIGN_OR_RETURN(auto file, SafetensorsFile::Open(absl::StrCat(folder, "/", name), access));
  for (const auto& [tensor, stored] : file->tensors()) {
    if (tensors_.emplace(tensor, &stored).second) continue;
    for (const auto& [other_name, other] : files_) {
      if (other->Has(tensor)) return Invalid(absl::StrCat("'", tensor, "' is in ", other_name, " and in ", name));
    }
  }
  files_.emplace(name, std::move(file));
  return absl::OkStatus();
}

const StoredTensor* Checkpoint::Find(const std::string& name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? nullptr : it->second;
}

std::string Checkpoint::Sha256Hex() const {
  std::vector<std::span<const std::byte>> parts;
  for (const auto& [name, file] : files_) parts.push_back(file->bytes());
  return engine::Sha256Hex(parts);
}

}  // namespace limpid::engine
