#pragma once

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace limpid::rpc {

// The sending half of one streaming call: keeps one write in flight, and finishes exactly once, after the last write.
//
// Parts wait unencoded; the next message is encoded only when the one before has left, so a slow reader costs one
// message of memory. Short parts overtake long ones, even between the messages of one, and keep their order among
// themselves, as long ones do. All methods are thread-safe; `Stream` is called without the lock, one call at a time.
//
//   event          under the lock                                                      then
//   Push           ended: drop; else queue, and if idle take it                         Write
//   OnWriteDone    not ok: as Abort(CANCELLED); else a short part, the next message of  Write or Finish
//                  the long one, the next part, or the status if there is one
//   End            keep the first status; idle and empty: take it                       Finish
//   Abort          drop all but the message in flight, keep the first failure; idle:    Finish
//                  take it
template <typename Response>
class StreamWriter {
 public:
  // Encodes the part's next message; true while it has more. May throw: the call then ends with INTERNAL.
  using Part = absl::AnyInvocable<bool(Response*)>;

  // What the writer drives. `response` stays unchanged until OnWriteDone. Write may throw before it has begun a write:
  // the call then ends with INTERNAL.
  class Stream {
   public:
    virtual ~Stream() = default;
    virtual void Write(const Response& response) = 0;
    virtual void Finish(const absl::Status& status) = 0;
  };

  // `stream` must live until its Finish was called.
  explicit StreamWriter(Stream* stream) : stream_(stream) {}

  enum class Length { kShort, kLong };

  void Push(Part part, Length length = Length::kShort) {
    {
      absl::MutexLock lock(&mutex_);
      // A dropped part is destroyed after the lock is released: it may hold a request whose end calls back here.
      if (final_status_.has_value()) return;
      queue(length).push_back(std::move(part));
      if (std::exchange(busy_, true)) return;
    }
    Advance();
  }

  void End(absl::Status status) {
    {
      absl::MutexLock lock(&mutex_);
      if (final_status_.has_value()) return;
      final_status_ = std::move(status);
      if (std::exchange(busy_, true)) return;
    }
    Advance();
  }

  void OnWriteDone(bool ok) {
    if (!ok) DropAll(absl::CancelledError("the caller has gone"));
    Part done;
    {
      absl::MutexLock lock(&mutex_);
      if (current_has_more_ && !dropped_) {
        queue(current_length_).push_front(std::move(current_));
      } else {
        done = std::move(current_);
      }
      current_ = nullptr;
    }
    done = nullptr;
    Advance();
  }

  // `status` is not OK.
  void Abort(absl::Status status) {
    DropAll(std::move(status));
    {
      absl::MutexLock lock(&mutex_);
      if (std::exchange(busy_, true)) return;
    }
    Advance();
  }

 private:
  // Takes the next step: a write, the end, or rest. Only the one who set `busy_` (or whose write is done) may call it.
  void Advance() {
    if (!TakeNext()) return;
    try {
      current_has_more_ = current_(&message_);
      stream_->Write(message_);
    } catch (...) {
      current_ = nullptr;
      DropAll(absl::InternalError("a part of the answer could not be encoded"));
      stream_->Finish(final_status());
    }
  }

  // False if there is nothing to write now: the stream rests or is finished. `busy_` stays set for ever once finished.
  bool TakeNext() {
    absl::Status status;
    {
      absl::MutexLock lock(&mutex_);
      for (const Length length : {Length::kShort, Length::kLong}) {
        if (queue(length).empty()) continue;
        current_ = std::move(queue(length).front());
        current_length_ = length;
        queue(length).pop_front();
        return true;
      }
      if (!final_status_.has_value()) {
        busy_ = false;
        return false;
      }
      status = *final_status_;
    }
    stream_->Finish(status);
    return false;
  }

  // What waits is destroyed outside the lock, for the reason given in Push. A status other than OK that was there
  // before is kept.
  void DropAll(absl::Status status) {
    std::array<std::deque<Part>, 2> dropped;
    absl::MutexLock lock(&mutex_);
    dropped_ = true;
    dropped.swap(queues_);
    if (!final_status_.has_value() || final_status_->ok()) final_status_ = std::move(status);
  }

  std::deque<Part>& queue(Length length) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return queues_[static_cast<size_t>(length)];
  }
  absl::Status final_status() {
    absl::MutexLock lock(&mutex_);
    return *final_status_;
  }

  Stream* const stream_;

  absl::Mutex mutex_;
  std::array<std::deque<Part>, 2> queues_ ABSL_GUARDED_BY(mutex_);
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;  // a write or a step is under way, or the stream is finished
  bool dropped_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> final_status_ ABSL_GUARDED_BY(mutex_);

  // Owned by whoever makes the step.
  Part current_;
  Length current_length_ = Length::kShort;
  bool current_has_more_ = false;
  Response message_;
};

}  // namespace limpid::rpc
