#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "explain/event.h"
#include "explain/explainer.h"
#include "rpc/caller.h"
#include "rpc/environment.h"

namespace limpid::rpc {

// What is written down of one request: its line in the log, and the metrics that depend on what was asked. Never the
// text. Thread-safe.
class RequestRecord {
 public:
  // `item` is the id within an ExplainMany stream, else empty.
  RequestRecord(const Environment& environment, const char* rpc, Caller caller, std::string item = "");

  // Once they are known.
  void SetRequest(const explain::ExplainRequest& request, const explain::Model& model);
  void Observe(const explain::Event& event);
  void AddMessage(uint64_t bytes, absl::Duration serialize_time);
  // The first call counts and writes the line.
  void Finish(const absl::Status& status);

  const Caller& caller() const { return caller_; }
  // Where the request is: for the explain room to set.
  const std::shared_ptr<explain::Progress>& progress() const { return progress_; }
  explain::Stage stage() const { return progress_->stage; }

 private:
  void CountQualityLocked(const explain::QualityEvent& quality) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountLocked(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountDropped(const absl::Status& status) const;
  void CountExplanationsLocked(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteLineLocked(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Environment& environment_;
  const char* const rpc_;
  const Caller caller_;
  const std::string item_;
  const std::shared_ptr<explain::Progress> progress_ = std::make_shared<explain::Progress>();
  const absl::Time start_;

  absl::Mutex mutex_;
  std::string model_ ABSL_GUARDED_BY(mutex_);
  const telemetry::ModelMetrics* model_metrics_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::vector<std::string> methods_ ABSL_GUARDED_BY(mutex_);
  std::vector<bool> explained_ ABSL_GUARDED_BY(mutex_);  // which of the methods were answered
  std::optional<explain::SummaryEvent> summary_ ABSL_GUARDED_BY(mutex_);
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration serialize_time_ ABSL_GUARDED_BY(mutex_);
  absl::Time first_message_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace limpid::rpc
