#include "engine/weights/model_folder.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/models/models.h"

namespace limpid::engine {
namespace {

absl::StatusOr<Pooling> ParsePooling(const std::string& path) {
  ABSL_ASSIGN_OR_RETURN(const ConfigJson config, ConfigJson::Load(path));
  ABSL_ASSIGN_OR_RETURN(const bool mean, config.Bool("pooling_mode_mean_tokens", false));
  ABSL_ASSIGN_OR_RETURN(const bool first, config.Bool("pooling_mode_cls_token", false));
  if (mean != first) return mean ? Pooling::kMean : Pooling::kFirstToken;
  return absl::UnimplementedError(absl::StrCat(path,
                                               ": only pooling_mode_mean_tokens or pooling_mode_cls_token, alone, "
                                               "is supported"));
}

// modules.json lists [{"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}, ...].
absl::Status ReadSentenceTransformersModules(const std::string& folder, Architecture* architecture) {
  const std::string path = absl::StrCat(folder, "/modules.json");
  if (!std::filesystem::exists(path)) return absl::OkStatus();
  std::ifstream file(path);
  const auto modules = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!modules.is_array()) return absl::InvalidArgumentError(absl::StrCat(path, ": not a JSON list"));
  for (const auto& module : modules) {
    if (!module.is_object() || !module.contains("type") || !module["type"].is_string() || !module.contains("path") ||
        !module["path"].is_string()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": a module needs a type and a path"));
    }
    const std::string type = module["type"].get<std::string>();
    if (absl::EndsWith(type, ".Pooling")) {
      const std::string sub = module["path"].get<std::string>();
      if (absl::StrContains(sub, "..") || absl::StartsWith(sub, "/")) {
        return absl::InvalidArgumentError(absl::StrCat(path, ": a module's path leaves the folder"));
      }
      ABSL_ASSIGN_OR_RETURN(architecture->pooling, ParsePooling(absl::StrCat(folder, "/", sub, "/config.json")));
    } else if (absl::EndsWith(type, ".Normalize")) {
      architecture->normalize_embedding = true;
    } else if (!absl::EndsWith(type, ".Transformer")) {
      return absl::UnimplementedError(absl::StrCat(path, ": module type '", type, "' is not supported"));
    }
  }
  return absl::OkStatus();
}

// As Transformers reads them: generation_config.json goes before config.json.
absl::Status ReadEndTokens(const std::string& folder, const ConfigJson& config, Architecture* architecture) {
  const std::string path = absl::StrCat(folder, "/generation_config.json");
  const auto last = static_cast<int32_t>(architecture->vocab_size - 1);
  if (std::filesystem::exists(path)) {
    ABSL_ASSIGN_OR_RETURN(const ConfigJson generation, ConfigJson::Load(path));
    ABSL_ASSIGN_OR_RETURN(architecture->end_tokens, generation.Ids("eos_token_id", last));
    if (!architecture->end_tokens.empty()) return absl::OkStatus();
  }
  ABSL_ASSIGN_OR_RETURN(architecture->end_tokens, config.Ids("eos_token_id", last));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelFolder> OpenModelFolder(const std::string& path, FileAccess access) {
  if (!std::filesystem::is_directory(path)) return absl::NotFoundError(absl::StrCat(path, " is not a folder"));
  ABSL_ASSIGN_OR_RETURN(const ConfigJson config, ConfigJson::Load(absl::StrCat(path, "/config.json")));
  ModelFolder folder;
  ABSL_ASSIGN_OR_RETURN(folder.architecture, DescribeModel(config));
  if (folder.architecture.task == ModelCard::Task::kLanguageModel) {
    ABSL_RETURN_IF_ERROR(ReadEndTokens(path, config, &folder.architecture));
  }
  if (folder.architecture.head == Head::kNone) {
    ABSL_RETURN_IF_ERROR(ReadSentenceTransformersModules(path, &folder.architecture));
  }
  ABSL_ASSIGN_OR_RETURN(folder.weights, Checkpoint::Open(path, access));
  return folder;
}

}  // namespace limpid::engine
