#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "explain/model.h"
#include "schedule/scheduler.h"
#include "telemetry/metrics.h"

namespace limpid::lifecycle {

// What to load.
struct ModelSource {
  std::string name, folder;
  std::string weights_sha256 = "";  // that the weights must have; empty: any
};

// A model that has shown that it computes what it should.
struct LoadedModel {
  std::shared_ptr<const explain::Model> model;
  absl::Duration load_time;
};

// From a folder to a model that may be asked: read, weights compared with what was expected, the canary's known answer
// from the reference pass, the device warmed up with a short and a long row, the canary's real answer compared. The
// rows run as those of requests do, so the compute thread's allocators and kernels are warm too. Thread-safe; Load
// blocks for seconds, so it belongs on a thread that serves nobody.
class ModelLoader {
 public:
  // Engine and tokenizer of a folder, name and folder set.
  using Read = std::function<absl::StatusOr<std::shared_ptr<explain::Model>>(const ModelSource&)>;

  // `methods` are the names under which explanations are counted. No row of the warm-up needs more than
  // `max_pass_bytes`, as no request's does. The scheduler and the metrics outlive the loader.
  ModelLoader(Read read, schedule::Scheduler* scheduler, telemetry::Metrics* metrics, std::vector<std::string> methods,
              uint64_t max_pass_bytes)
      : read_(std::move(read)),
        scheduler_(scheduler),
        metrics_(metrics),
        methods_(std::move(methods)),
        max_pass_bytes_(max_pass_bytes) {}

  // What `read` says of the folder; DATA_LOSS if the weights are others than expected; INTERNAL if the canary's answer
  // is wrong; CANCELLED if `stop` was requested, which is looked at between the steps.
  absl::StatusOr<LoadedModel> Load(const ModelSource& source, std::stop_token stop) const;

 private:
  absl::StatusOr<engine::RowResult> RunRow(const explain::Model& model, engine::Row row, std::stop_token stop) const;
  absl::Status WarmUp(const explain::Model& model, std::stop_token stop) const;
  absl::Status CheckCanary(explain::Model* model, std::stop_token stop) const;

  const Read read_;
  schedule::Scheduler* const scheduler_;
  telemetry::Metrics* const metrics_;
  const std::vector<std::string> methods_;
  const uint64_t max_pass_bytes_;
};

}  // namespace limpid::lifecycle
