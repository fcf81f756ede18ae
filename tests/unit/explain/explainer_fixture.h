#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/worker_pool.h"
#include "explain/explainer.h"
#include "schedule/compute_worker.h"
#include "support/fake_engine.h"
#include "support/fake_tokenizer.h"
#include "support/recording_sink.h"
#include "support/status_matchers.h"
#include "telemetry/metrics.h"

namespace limpid::explain {

// An explainer with a model "first" (a classifier, unless the test says otherwise) and a model "second" (an encoder).
class ExplainerTest : public ::testing::Test {
 protected:
  void Start(engine::ModelCard card = testing::ClassifierCard(), testing::FakeEngine::Script script = nullptr) {
    auto first = std::make_unique<testing::FakeEngine>(std::move(card), std::move(script));
    engine_ = first.get();
    auto second = std::make_unique<testing::FakeEngine>(testing::EncoderCard());
    encoder_ = second.get();
    worker_ = std::make_unique<schedule::ComputeWorker>(schedule::SchedulerOptions{}, &speed_, &metrics_);
    EXPECT_THAT(models_.Add(MakeModel("first", std::move(first))), testing::IsOk());
    EXPECT_THAT(models_.Add(MakeModel("second", std::move(second))), testing::IsOk());
    explainer_ = std::make_unique<Explainer>(
        ExplainerParts{
            .models = &models_, .admission = &admission_, .scheduler = worker_.get(), .pool = &pool_, .timer = &timer_},
        Limits{.max_text_bytes = 1000, .max_methods = 4, .max_attention_bytes = 10000});
  }

  static std::shared_ptr<const Model> MakeModel(std::string name, std::unique_ptr<engine::Engine> engine) {
    auto model = std::make_shared<Model>();
    model->name = std::move(name);
    model->tokenizer = std::make_unique<testing::FakeTokenizer>();
    model->engine = std::move(engine);
    return model;
  }

  static ExplainRequest Request(std::string text, std::vector<MethodSpec> methods = {}) {
    ExplainRequest request;
    request.input.text = std::move(text);
    request.methods = std::move(methods);
    return request;
  }

  // Explains and waits.
  absl::Status Explain(ExplainRequest request) {
    Begin(std::move(request));
    return sink_->AwaitEnd();
  }
  void Begin(ExplainRequest request) {
    explainer_->Explain(std::move(request), {.stop = stop_.get_token(), .deadline = deadline_}, sink_);
  }

  telemetry::Metrics metrics_{"test"};
  std::stop_source stop_;
  absl::Time deadline_ = absl::InfiniteFuture();
  std::shared_ptr<testing::RecordingSink> sink_ = std::make_shared<testing::RecordingSink>();
  testing::FakeEngine* engine_ = nullptr;
  testing::FakeEngine* encoder_ = nullptr;

  // In the order of the server: the explainer goes first, the models last.
  ModelRegistry models_;
  schedule::Speed speed_;
  schedule::Admission admission_{{}, &speed_, &metrics_};
  base::Timer timer_;
  base::WorkerPool pool_{"test", 2};
  std::unique_ptr<schedule::ComputeWorker> worker_;
  std::unique_ptr<Explainer> explainer_;
};

}  // namespace limpid::explain
