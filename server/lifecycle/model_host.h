#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/worker_pool.h"
#include "explain/model_registry.h"
#include "lifecycle/model_loader.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace limpid::lifecycle {

// Loads, exchanges and unloads models while requests run. A request keeps the model it began with; a model that fails
// to load changes nothing. Loading has a thread of its own, named "loader", and is done one model at a time.
// Thread-safe. The destructor waits for the load under way, which ends at its next step.
class ModelHost {
 public:
  struct Parts {
    ModelLoader loader;
    explain::ModelRegistry* registry = nullptr;
    telemetry::Metrics* metrics = nullptr;
    telemetry::Log* log = nullptr;
    std::string model_root;  // folders named by Load and Reload lie below it
  };
  // From the loading thread, or from the caller's on refusal.
  using OnModel = std::function<void(absl::StatusOr<std::shared_ptr<const explain::Model>>)>;

  explicit ModelHost(Parts parts) : parts_(std::move(parts)) {}
  ~ModelHost();
  ModelHost(const ModelHost&) = delete;
  ModelHost& operator=(const ModelHost&) = delete;

  // The models of the command line, whose folders may lie anywhere. `on_done` from the loading thread, with the first
  // failure, which names the model. CANCELLED after Stop.
  void LoadAtStart(std::vector<ModelSource> sources, std::function<void(absl::Status)> on_done);
  // Ends LoadAtStart at its next step, and refuses what comes later. Does not wait.
  void Stop();

  // ALREADY_EXISTS if the name is taken, INVALID_ARGUMENT for a name or folder that cannot be, ABORTED while another
  // model is being loaded, else what ModelLoader says.
  void Load(ModelSource source, OnModel on_model);
  // From its folder of before, if the source names none. NOT_FOUND if there is no such model.
  void Reload(ModelSource source, OnModel on_model);
  // Gives what was unloaded. FAILED_PRECONDITION for the default model, ABORTED while a model is being loaded.
  absl::StatusOr<std::shared_ptr<const explain::Model>> Unload(const std::string& name);

 private:
  using Exchange = absl::Status (explain::ModelRegistry::*)(std::shared_ptr<const explain::Model>);

  absl::Status CheckLoad(ModelSource* source) const;
  absl::Status CheckReload(ModelSource* source) const;
  void Begin(ModelSource source, Exchange exchange, OnModel on_model);
  absl::StatusOr<std::shared_ptr<const explain::Model>> LoadNow(const ModelSource& source, Exchange exchange);
  void Announce(const LoadedModel& loaded);

  const Parts parts_;
  std::stop_source stop_;
  absl::Mutex mutex_;
  bool is_loading_ ABSL_GUARDED_BY(mutex_) = false;
  base::WorkerPool thread_{"loader", 1};  // last: ends before what its tasks use
};

}  // namespace limpid::lifecycle
