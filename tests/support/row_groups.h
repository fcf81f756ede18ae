#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "schedule/scheduler.h"

namespace limpid::testing {

// `length` tokens, all with this id.
inline engine::Row RowOf(int32_t id, size_t length) {
  engine::Row row;
  row.token_ids.assign(length, id);
  row.type_ids.assign(length, 0);
  return row;
}

inline engine::Row GradientRowOf(int32_t id, size_t length) {
  engine::Row row = RowOf(id, length);
  row.target.kind = engine::Target::Kind::kMeanOutput;
  row.wanted.gradient_at[0] = true;
  return row;
}

// Waits for one group's outcome. Thread-safe; outlives the group.
class Outcome {
 public:
  using Results = absl::StatusOr<std::vector<engine::RowResult>>;

  // A group whose callbacks report here.
  schedule::RowGroup Group(std::shared_ptr<engine::Engine> engine, std::vector<engine::Row> rows,
                           telemetry::ModelMetrics* metrics = nullptr) {
    schedule::RowGroup group;
    group.engine = std::move(engine);
    group.metrics = metrics;
    group.rows = std::move(rows);
    group.on_prediction = [this](size_t row_index, const engine::Prediction&) {
      absl::MutexLock lock(&mutex_);
      predicted_.push_back(row_index);
    };
    group.on_attention = [this](size_t row_index, size_t index, const engine::HostTensor&) {
      absl::MutexLock lock(&mutex_);
      attention_.emplace_back(row_index, index);
    };
    group.on_done = [this](Results results, schedule::RowTiming timing) {
      absl::MutexLock lock(&mutex_);
      ++num_ends_;
      results_ = std::move(results);
      timing_ = timing;
    };
    return group;
  }

  Results Await() {
    absl::MutexLock lock(&mutex_);
    auto ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return num_ends_ > 0; };
    mutex_.Await(absl::Condition(&ended));
    return *results_;
  }

  bool ended() const {
    absl::MutexLock lock(&mutex_);
    return num_ends_ > 0;
  }
  size_t num_ends() const {
    absl::MutexLock lock(&mutex_);
    return num_ends_;
  }
  // Indices of rows, in the order their predictions came.
  std::vector<size_t> predicted() const {
    absl::MutexLock lock(&mutex_);
    return predicted_;
  }
  // Row and layer index of the maps, in the order they came.
  std::vector<std::pair<size_t, size_t>> attention() const {
    absl::MutexLock lock(&mutex_);
    return attention_;
  }
  schedule::RowTiming timing() const {
    absl::MutexLock lock(&mutex_);
    return timing_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::optional<Results> results_ ABSL_GUARDED_BY(mutex_);
  std::vector<size_t> predicted_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<size_t, size_t>> attention_ ABSL_GUARDED_BY(mutex_);
  size_t num_ends_ ABSL_GUARDED_BY(mutex_) = 0;
  schedule::RowTiming timing_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace limpid::testing
