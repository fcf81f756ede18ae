#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "explain/ordered_sink.h"
#include "explain/session.h"

namespace limpid::explain {

// What requests of every kind have in common: a chain of steps on the pool, of which one runs at a time, that give rows
// to the scheduler and events to the sink. Kept alive by the task or row group that brings its next step; when the last
// one is gone without a step left, the session has ended. A step returns OK when it has brought the next one on its way
// or ended the session.
class SessionBase : public std::enable_shared_from_this<SessionBase> {
 public:
  virtual ~SessionBase();

 protected:
  using Results = absl::StatusOr<std::vector<engine::RowResult>>;
  using Step = std::function<absl::Status()>;
  using TakeResults = std::function<absl::Status(Results)>;

  SessionBase(const Workplace& workplace, std::shared_ptr<const Model> model, CallContext context,
              std::shared_ptr<schedule::Admission::Permit> permit, std::shared_ptr<EventSink> sink);

  static absl::Status Defect(const char* message);

  void Post(Step step);

  // Runs the rows and then `then`, as a step; `prepare` may add to the group.
  struct RowsRequest {
    schedule::Priority priority = schedule::Priority::kInteractive;
    bool takes_part = false;
  };
  void SubmitRows(std::vector<engine::Row> rows, const RowsRequest& how, TakeResults then,
                  const std::function<void(schedule::RowGroup*)>& prepare = nullptr);

  // What a step that failed leaves to do; returns how the session ends, OK where it goes on or has ended.
  virtual absl::Status OnFailure(absl::Status status) { return status; }

  // The last event, and the end.
  void EndWithSummary();
  void End(absl::Status status);
  bool has_ended() const { return has_ended_; }

  const engine::ModelCard& card() const { return model_->engine->card(); }

  // First, to be destroyed last: whoever waits for the sessions may then take everything away.
  const LiveSessions::Membership membership_;
  const Workplace workplace_;
  const std::shared_ptr<const Model> model_;
  const CallContext context_;
  const absl::Time accepted_ = absl::Now();
  const std::shared_ptr<schedule::Admission::Permit> permit_;
  OrderedSink sink_;
  SummaryEvent summary_;

 private:
  void Run(Step& step);
  absl::Status CheckCaller() const;
  void TakeTiming(const schedule::RowTiming& timing, const schedule::Demand& demand);

  // Of the rows: the caller has gone, or the session has ended without them.
  std::stop_source stop_;
  const std::stop_callback<std::function<void()>> caller_gone_;

  // Held while a step runs.
  absl::Mutex step_mutex_;
  bool has_ended_ = false;
  std::optional<absl::Duration> queue_time_;
};

}  // namespace limpid::explain
