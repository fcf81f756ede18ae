#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "explain/event.h"

namespace limpid::explain {

// Keeps a sink's promises for a session whose prediction may come from another thread than the rest: one call at a
// time, the prediction once, nothing after End. Thread-safe.
class OrderedSink {
 public:
  explicit OrderedSink(std::shared_ptr<EventSink> sink) : sink_(std::move(sink)) {}

  // The first one counts; only then `make` is called.
  void EmitPrediction(const std::function<PredictionEvent()>& make);
  void Emit(Event event);
  // The first one counts; the sink is then let go.
  void End(absl::Status status);

  bool has_prediction() {
    absl::MutexLock lock(&mutex_);
    return has_prediction_;
  }

 private:
  absl::Mutex mutex_;
  std::shared_ptr<EventSink> sink_ ABSL_GUARDED_BY(mutex_);  // null after End
  bool has_prediction_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace limpid::explain
