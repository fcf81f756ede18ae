#include "lifecycle/canary_watch.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "explain/canary.h"
#include "telemetry/metrics.h"

namespace limpid::lifecycle {
namespace {

using ModelPointer = std::shared_ptr<const explain::Model>;
using Results = absl::StatusOr<std::vector<engine::RowResult>>;

absl::Status CheckAnswer(const explain::Model& model, const Results& results) {
  ABSL_RETURN_IF_ERROR(results.status());
  ABSL_ASSIGN_OR_RETURN(const auto answer, explain::AnswerOf(results->front()));
  return explain::CompareCanary(model.canary, answer);
}

}  // namespace

class CanaryWatch::State : public std::enable_shared_from_this<CanaryWatch::State> {
 public:
  explicit State(Parts parts) : parts_(std::move(parts)) {}

  void AskAll() {
    const std::vector<ModelPointer> models = parts_.registry->List();
    {
      absl::MutexLock lock(&mutex_);
      Forget(models);
      TellLocked();
    }
    for (const ModelPointer& model : models) Ask(model);
  }

  void Stop() {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }

 private:
  // What has been unloaded or replaced is nobody's concern any more.
  void Forget(const std::vector<ModelPointer>& loaded) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::set<ModelPointer> kept(loaded.begin(), loaded.end());
    std::erase_if(wrong_, [&](const ModelPointer& model) { return !kept.contains(model); });
  }

  void Ask(const ModelPointer& model) {
    {
      absl::MutexLock lock(&mutex_);
      if (!asked_.insert(model).second) return;
    }
    schedule::RowGroup group;
    group.engine = model->engine;
    group.client = "canary";
    group.rows = {explain::CanaryRow(model->engine->card(), explain::kCanaryTokens)};
    group.on_done = [self = shared_from_this(), model, asked = absl::Now()](Results results, schedule::RowTiming) {
      self->Take(model, asked, std::move(results));
    };
    parts_.scheduler->Submit(std::move(group));
  }

  void Take(const ModelPointer& model, absl::Time asked, Results results) {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return;
    parts_.pool->Post([self = shared_from_this(), model, asked, results = std::move(results)] {
      const absl::Status status = CheckAnswer(*model, results);
      self->Judge(model, absl::Now() - asked, status);
    });
  }

  void Judge(const ModelPointer& model, absl::Duration time, const absl::Status& status) {
    absl::MutexLock lock(&mutex_);
    asked_.erase(model);
    if (stopped_) return;
    model->metrics->canary_seconds->Set(absl::ToDoubleSeconds(time));
    if (status.ok()) {
      wrong_.erase(model);
    } else {
      model->metrics->canary_failures->Increment();
      parts_.log->Write(telemetry::LogLevel::kError, "canary failed",
                        {{"model", model->name}, {"error", std::string(status.message())}});
      wrong_.insert(model);
    }
    TellLocked();
  }

  void TellLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (stopped_ || is_right_ == wrong_.empty()) return;
    is_right_ = wrong_.empty();
    parts_.on_change(is_right_);
  }

  const Parts parts_;
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_right_ ABSL_GUARDED_BY(mutex_) = true;
  std::set<ModelPointer> asked_ ABSL_GUARDED_BY(mutex_);  // whose answer is awaited
  std::set<ModelPointer> wrong_ ABSL_GUARDED_BY(mutex_);  // whose last answer was wrong
};

CanaryWatch::CanaryWatch(Parts parts, absl::Duration interval)
    : state_(std::make_shared<State>(parts)), periodic_(parts.timer, interval, [state = state_] { state->AskAll(); }) {}

CanaryWatch::~CanaryWatch() { state_->Stop(); }

}  // namespace limpid::lifecycle
