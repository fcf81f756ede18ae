#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "explain/event.h"

namespace limpid::testing {

// Keeps what a session emits, and fails the test if the session breaks EventSink's rules. Thread-safe.
class RecordingSink final : public explain::EventSink {
 public:
  void Emit(explain::Event event) override {
    absl::MutexLock lock(&mutex_);
    if (status_.has_value()) ADD_FAILURE() << "an event after End";
    events_.push_back(std::move(event));
  }
  void End(absl::Status status) override {
    absl::MutexLock lock(&mutex_);
    if (status_.has_value()) ADD_FAILURE() << "a second End";
    status_ = std::move(status);
  }

  absl::Status AwaitEnd() {
    absl::MutexLock lock(&mutex_);
    auto ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return status_.has_value(); };
    mutex_.Await(absl::Condition(&ended));
    return *status_;
  }
  void AwaitEvents(size_t count) {
    absl::MutexLock lock(&mutex_);
    auto enough = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return events_.size() >= count; };
    mutex_.Await(absl::Condition(&enough));
  }

  std::vector<explain::Event> events() const {
    absl::MutexLock lock(&mutex_);
    return events_;
  }
  // "prediction", "attribution 0", "attention", "summary" ...
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const explain::Event& event : events()) {
      const char* const kinds[] = {"prediction", "attribution", "attention", "quality", "token", "summary"};
      names.emplace_back(kinds[event.index()]);
      if (const auto* attribution = std::get_if<explain::AttributionEvent>(&event)) {
        absl::StrAppend(&names.back(), " ", attribution->method_index);
      }
    }
    return names;
  }
  // The first event of a kind; throws if there is none.
  template <typename Kind>
  Kind First() const {
    for (const explain::Event& event : events()) {
      if (const auto* found = std::get_if<Kind>(&event)) return *found;
    }
    throw std::logic_error("no such event");
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<explain::Event> events_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace limpid::testing
