#include "lifecycle/model_loader.h"

#include <algorithm>

#include "lifecycle_test_base.h"

namespace limpid::lifecycle {
namespace {

using testing::FakeEngine;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

const ModelSource kSource = {.name = "m", .folder = "somewhere"};

class ModelLoaderTest : public LifecycleTest {};

TEST_F(ModelLoaderTest, WarmsUpWithAShortAndTheLongestRowBeforeTheCanary) {
  const auto loaded = Loader(FakeRead()).Load(kSource, {});

  ASSERT_THAT(loaded, IsOk());
  std::vector<size_t> lengths;
  for (const auto& batch : engine_->batches()) lengths.push_back(batch.at(0).size());
  // The reference, then the canary itself.
  EXPECT_THAT(lengths,
              ::testing::ElementsAre(explain::kCanaryTokens, 512, explain::kCanaryTokens, explain::kCanaryTokens));
  EXPECT_EQ(loaded->model->canary.outputs.size(), 4u);
}

TEST_F(ModelLoaderTest, TheWarmUpTakesNoMoreMemoryThanARequestMay) {
  // A token of the fake engine's takes 1000 bytes.
  max_pass_bytes_ = 200'000;

  ASSERT_THAT(Loader(FakeRead()).Load(kSource, {}), IsOk());

  EXPECT_EQ(engine_->batches().at(1).at(0).size(), 128);
}

TEST_F(ModelLoaderTest, EveryKindOfModelHasACanary) {
  engine::ModelCard regression = testing::ClassifierCard(), tiny = testing::EncoderCard();
  regression.task = engine::ModelCard::Task::kRegression;
  regression.labels = {"score"};
  tiny.max_tokens = 3;
  for (const engine::ModelCard& card : {testing::EncoderCard(), regression, tiny}) {
    EXPECT_THAT(Loader(FakeRead(nullptr, card)).Load(kSource, {}), IsOk());
  }
}

TEST_F(ModelLoaderTest, OtherWeightsThanExpectedAreDataLoss) {
  ModelSource source = kSource;
  source.weights_sha256 = "beef";
  EXPECT_THAT(Loader(FakeRead()).Load(source, {}), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("c0ffee")));
  EXPECT_TRUE(engine_->batches().empty());

  source.weights_sha256 = "c0ffee";
  EXPECT_THAT(Loader(FakeRead()).Load(source, {}), IsOk());
}

TEST_F(ModelLoaderTest, AnEngineThatDiffersFromItsReferenceIsRefused) {
  int runs = 0;
  const auto script = [&](std::span<const engine::Row* const>, std::vector<engine::RowResult>* results) {
    // After two rows of warm-up comes the reference, then the canary.
    if (++runs == 4) results->front().prediction.logits[0] += 0.01f;
    return absl::OkStatus();
  };

  EXPECT_THAT(Loader(FakeRead(script)).Load(kSource, {}),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("canary: the prediction differs")));
  EXPECT_EQ(metrics_.AddModel("m", {})->canary_failures->Value(), 1);
}

TEST_F(ModelLoaderTest, AnEngineThatFailsIsRefused) {
  const auto script = [](std::span<const engine::Row* const>, std::vector<engine::RowResult>*) {
    return absl::InternalError("broken");
  };

  EXPECT_THAT(Loader(FakeRead(script)).Load(kSource, {}), StatusIs(absl::StatusCode::kInternal, "broken"));
}

TEST_F(ModelLoaderTest, AStopEndsItBetweenSteps) {
  std::stop_source stop;
  const auto script = [&](std::span<const engine::Row* const>, std::vector<engine::RowResult>*) {
    stop.request_stop();
    return absl::OkStatus();
  };

  EXPECT_THAT(Loader(FakeRead(script)).Load(kSource, stop.get_token()),
              StatusIs(absl::StatusCode::kCancelled, ::testing::_));
  EXPECT_EQ(engine_->num_rows_run(), 1u);
}

}  // namespace
}  // namespace limpid::lifecycle
