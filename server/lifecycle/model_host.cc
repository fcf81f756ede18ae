#include "lifecycle/model_host.h"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/reason.h"
#include "base/status_macros.h"
#include "lifecycle/model_root.h"

namespace limpid::lifecycle {
namespace {

using telemetry::LogLevel;

constexpr size_t kMaxNameBytes = 128;

// A name becomes a label of metrics.
absl::Status CheckName(const std::string& name) {
  const auto is_allowed = [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-' || c == '/';
  };
  if (!name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), is_allowed)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("name: must be 1 to ", kMaxNameBytes, " letters, digits, '.', '_', '-' and '/'"));
}

absl::Status CheckHash(const std::string& hash) {
  const auto is_hex = [](unsigned char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); };
  if (hash.empty() || (hash.size() == 64 && std::all_of(hash.begin(), hash.end(), is_hex))) return absl::OkStatus();
  return absl::InvalidArgumentError("weights_sha256: must be 64 lower-case hexadecimal digits");
}

absl::Status LoadUnderWay() { return absl::AbortedError("a model is being loaded: try again when it is done"); }

// As a remote caller may see it.
absl::Status WithoutFolder(const absl::Status& status, const std::string& folder) {
  return absl::Status(status.code(), absl::StrReplaceAll(status.message(), {{folder + "/", ""}, {folder, "folder"}}));
}

}  // namespace

ModelHost::~ModelHost() { Stop(); }

void ModelHost::Stop() { stop_.request_stop(); }

void ModelHost::LoadAtStart(std::vector<ModelSource> sources, std::function<void(absl::Status)> on_done) {
  thread_.Post([this, sources = std::move(sources), on_done = std::move(on_done)] {
    for (const ModelSource& source : sources) {
      const auto model = LoadNow(source, &explain::ModelRegistry::Add);
      if (!model.ok()) return on_done(base::Annotate(model.status(), absl::StrCat("--model ", source.name, ": ")));
    }
    on_done(absl::OkStatus());
  });
}

void ModelHost::Load(ModelSource source, OnModel on_model) {
  if (absl::Status status = CheckLoad(&source); !status.ok()) return on_model(std::move(status));
  Begin(std::move(source), &explain::ModelRegistry::Add, std::move(on_model));
}

void ModelHost::Reload(ModelSource source, OnModel on_model) {
  if (absl::Status status = CheckReload(&source); !status.ok()) return on_model(std::move(status));
  Begin(std::move(source), &explain::ModelRegistry::Replace, std::move(on_model));
}

absl::StatusOr<std::shared_ptr<const explain::Model>> ModelHost::Unload(const std::string& name) {
  ABSL_RETURN_IF_ERROR(CheckName(name));
  absl::MutexLock lock(&mutex_);
  if (is_loading_) return LoadUnderWay();
  ABSL_ASSIGN_OR_RETURN(std::shared_ptr<const explain::Model> model, parts_.registry->Remove(name));
  parts_.metrics->HideModel(name);
  parts_.log->Write(LogLevel::kInfo, "model unloaded", {{"model", name}});
  return model;
}

absl::Status ModelHost::CheckLoad(ModelSource* source) const {
  ABSL_RETURN_IF_ERROR(CheckName(source->name));
  ABSL_RETURN_IF_ERROR(CheckHash(source->weights_sha256));
  if (parts_.registry->Find(source->name) != nullptr) {
    return absl::AlreadyExistsError(absl::StrCat("name: '", source->name, "' is loaded already: reload it"));
  }
  ABSL_ASSIGN_OR_RETURN(source->folder, ResolveBelow(parts_.model_root, source->folder));
  return absl::OkStatus();
}

absl::Status ModelHost::CheckReload(ModelSource* source) const {
  ABSL_RETURN_IF_ERROR(CheckName(source->name));
  ABSL_RETURN_IF_ERROR(CheckHash(source->weights_sha256));
  const std::shared_ptr<const explain::Model> model = parts_.registry->Find(source->name);
  if (model == nullptr) return explain::ModelNotLoaded(source->name, parts_.registry->List());
  if (source->folder.empty()) {
    source->folder = model->folder;
    return absl::OkStatus();
  }
  ABSL_ASSIGN_OR_RETURN(source->folder, ResolveBelow(parts_.model_root, source->folder));
  return absl::OkStatus();
}

void ModelHost::Begin(ModelSource source, Exchange exchange, OnModel on_model) {
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    if (is_loading_) status = LoadUnderWay();
    is_loading_ = true;
  }
  if (!status.ok()) return on_model(std::move(status));
  thread_.Post([this, source = std::move(source), exchange, on_model = std::move(on_model)] {
    auto model = LoadNow(source, exchange);
    {
      // Before the caller hears of it, who may then load the next.
      absl::MutexLock lock(&mutex_);
      is_loading_ = false;
    }
    on_model(model.ok() ? std::move(model) : WithoutFolder(model.status(), source.folder));
  });
}

absl::StatusOr<std::shared_ptr<const explain::Model>> ModelHost::LoadNow(const ModelSource& source, Exchange exchange) {
  absl::StatusOr<LoadedModel> loaded;
  try {
    loaded = parts_.loader.Load(source, stop_.get_token());
  } catch (const std::bad_alloc&) {
    loaded = absl::ResourceExhaustedError("no memory left for this model");
  } catch (const std::exception& e) {
    loaded = absl::InternalError(absl::StrCat("loading failed: ", e.what()));
  }
  absl::Status status = loaded.status();
  if (status.ok()) status = (parts_.registry->*exchange)(loaded->model);
  // What a stop cuts short is no failure.
  if (absl::IsCancelled(status)) return status;
  if (!status.ok()) {
    parts_.log->Write(LogLevel::kError, "model not loaded",
                      {{"model", source.name}, {"error", std::string(status.message())}});
    return status;
  }
  Announce(*loaded);
  return std::move(loaded->model);
}

void ModelHost::Announce(const LoadedModel& loaded) {
  const explain::Model& model = *loaded.model;
  const engine::ModelCard& card = model.engine->card();
  parts_.metrics->ShowModel({.name = model.name, .weights_sha256 = card.weights_sha256, .load_time = loaded.load_time});
  parts_.log->Write(LogLevel::kInfo, "model loaded",
                    {{"model", model.name},
                     {"architecture", card.architecture},
                     {"parameters", card.num_parameters},
                     {"max_tokens", card.max_tokens},
                     {"device", card.device},
                     {"weights_sha256", card.weights_sha256},
                     {"load_ms", absl::ToDoubleMilliseconds(loaded.load_time)}});
}

}  // namespace limpid::lifecycle
