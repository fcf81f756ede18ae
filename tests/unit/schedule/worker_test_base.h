#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "schedule/compute_worker.h"
#include "support/fake_engine.h"
#include "support/row_groups.h"
#include "telemetry/metrics.h"

namespace limpid::schedule {

// A worker with a small budget over an engine that a test can hold and script.
class WorkerTest : public ::testing::Test {
 protected:
  static constexpr size_t kMaxBatchTokens = 100;

  void StartWorker(testing::FakeEngine::Script script = nullptr) {
    engine_ = std::make_shared<testing::FakeEngine>(testing::ClassifierCard(), std::move(script));
    model_metrics_ = metrics_.AddModel("m", {});
    worker_ =
        std::make_unique<ComputeWorker>(SchedulerOptions{.max_batch_tokens = kMaxBatchTokens}, &speed_, &metrics_);
  }

  // Keeps the worker busy with a row of its own, so that what is submitted next waits.
  void HoldWorker() {
    engine_->HoldAt(testing::FakeEngine::Stage::kBeforePrediction);
    worker_->Submit(holder_.Group(engine_, {testing::RowOf(kHolderId, 1)}, model_metrics_));
    engine_->AwaitHeld();
  }

  void Submit(testing::Outcome* outcome, std::vector<engine::Row> rows) {
    worker_->Submit(outcome->Group(engine_, std::move(rows), model_metrics_));
  }

  // Ids of the rows of each batch after the holder's.
  std::vector<std::vector<int32_t>> BatchIds() const {
    std::vector<std::vector<int32_t>> ids;
    for (const auto& batch : engine_->batches()) {
      std::vector<int32_t>& rows = ids.emplace_back();
      for (const auto& row : batch) rows.push_back(row.front());
      if (rows == std::vector<int32_t>{kHolderId}) ids.pop_back();
    }
    return ids;
  }

  static constexpr int32_t kHolderId = 999;

  Speed speed_;
  telemetry::Metrics metrics_{"test"};
  telemetry::ModelMetrics* model_metrics_ = nullptr;
  testing::Outcome holder_;
  std::shared_ptr<testing::FakeEngine> engine_;
  std::unique_ptr<ComputeWorker> worker_;
};

}  // namespace limpid::schedule
