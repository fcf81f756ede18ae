#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "base/timer.h"
#include "base/worker_pool.h"
#include "explain/canary.h"
#include "explain/model_registry.h"
#include "lifecycle/model_loader.h"
#include "schedule/compute_worker.h"
#include "support/fake_engine.h"
#include "support/fake_tokenizer.h"
#include "support/status_matchers.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace limpid::lifecycle {

// What a callback said last. Thread-safe.
class Heard {
 public:
  void Say(bool value) {
    absl::MutexLock lock(&mutex_);
    value_ = value;
    ++num_changes_;
  }
  bool value() const {
    absl::MutexLock lock(&mutex_);
    return value_;
  }
  int num_changes() const {
    absl::MutexLock lock(&mutex_);
    return num_changes_;
  }
  // False if that took longer than `patience`.
  bool Await(bool value, absl::Duration patience = absl::Seconds(30)) const {
    absl::MutexLock lock(&mutex_);
    auto is_so = [this, value]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return value_ == value; };
    return mutex_.AwaitWithDeadline(absl::Condition(&is_so), absl::Now() + patience);
  }

 private:
  mutable absl::Mutex mutex_;
  bool value_ ABSL_GUARDED_BY(mutex_) = true;
  int num_changes_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The rooms that models live in, over fake engines.
class LifecycleTest : public ::testing::Test {
 protected:
  // Reads a fake model with this card and script.
  ModelLoader::Read FakeRead(testing::FakeEngine::Script script = nullptr,
                             engine::ModelCard card = testing::ClassifierCard()) {
    return [this, script = std::move(script), card](const ModelSource& source) {
      auto model = std::make_shared<explain::Model>();
      model->name = source.name;
      model->folder = source.folder;
      model->tokenizer = std::make_unique<testing::FakeTokenizer>();
      engine_ = std::make_shared<testing::FakeEngine>(card, script);
      model->engine = engine_;
      return model;
    };
  }

  ModelLoader Loader(ModelLoader::Read read) {
    return {std::move(read), &scheduler_, &metrics_, {"saliency"}, max_pass_bytes_};
  }

  // Loads a model and adds it.
  std::shared_ptr<const explain::Model> AddModel(const std::string& name, testing::FakeEngine::Script script) {
    const auto loaded = Loader(FakeRead(std::move(script))).Load({.name = name, .folder = ""}, {});
    EXPECT_THAT(loaded, testing::IsOk());
    EXPECT_THAT(registry_.Add(loaded->model), testing::IsOk());
    return loaded->model;
  }

  uint64_t max_pass_bytes_ = uint64_t{1} << 40;
  std::ostringstream lines_;
  telemetry::Log log_{telemetry::LogLevel::kInfo, telemetry::LogFormat::kText, &lines_};
  telemetry::Metrics metrics_{"test"};
  explain::ModelRegistry registry_;
  base::Timer timer_;
  base::WorkerPool pool_{"pool", 2};
  schedule::Speed speed_;
  schedule::ComputeWorker scheduler_{schedule::SchedulerOptions{}, &speed_, &metrics_};
  std::shared_ptr<testing::FakeEngine> engine_;  // of the model read last
};

}  // namespace limpid::lifecycle
