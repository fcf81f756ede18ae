#include "explain/ordered_sink.h"

#include <utility>

namespace limpid::explain {

void OrderedSink::EmitPrediction(const std::function<PredictionEvent()>& make) {
  absl::MutexLock lock(&mutex_);
  if (sink_ == nullptr || std::exchange(has_prediction_, true)) return;
  sink_->Emit(make());
}

void OrderedSink::Emit(Event event) {
  absl::MutexLock lock(&mutex_);
  if (sink_ != nullptr) sink_->Emit(std::move(event));
}

void OrderedSink::End(absl::Status status) {
  std::shared_ptr<EventSink> sink;
  absl::MutexLock lock(&mutex_);
  sink = std::exchange(sink_, nullptr);
  if (sink != nullptr) sink->End(std::move(status));
}

}  // namespace limpid::explain
