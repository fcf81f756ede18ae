#include "lifecycle/canary_watch.h"

#include <atomic>
#include <limits>
#include <optional>

#include "base/reason.h"
#include "lifecycle_test_base.h"

namespace limpid::lifecycle {
namespace {

using testing::FakeEngine;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kInterval = absl::Milliseconds(50);

enum class Fault { kNone, kWrongScore, kWrongPrediction, kNotFinite, kFailure };

class CanaryWatchTest : public LifecycleTest {
 protected:
  void SetUp() override {
    model_ = AddModel("m", [this](std::span<const engine::Row* const>, std::vector<engine::RowResult>* results) {
      return Spoil(&results->front());
    });
    watch_.emplace(CanaryWatch::Parts{.registry = &registry_,
                                      .scheduler = &scheduler_,
                                      .pool = &pool_,
                                      .timer = &timer_,
                                      .log = &log_,
                                      .on_change = [this](bool right) { right_.Say(right); }},
                   kInterval);
  }

  absl::Status Spoil(engine::RowResult* result) {
    switch (fault_) {
      case Fault::kNone:
        break;
      case Fault::kWrongScore: {
        // One head a hundredth too important.
        auto values = std::make_shared<std::vector<float>>(result->head_importance.values.begin(),
                                                           result->head_importance.values.end());
        values->front() += 0.01f;
        result->head_importance = {.shape = result->head_importance.shape, .values = *values, .owner = values};
        break;
      }
      case Fault::kWrongPrediction:
        result->prediction.logits[1] += 0.001f;
        break;
      case Fault::kNotFinite:
        result->prediction.target_value = std::numeric_limits<float>::quiet_NaN();
        break;
      case Fault::kFailure:
        return base::WithReason(absl::InternalError("DEVICE_LOST"), base::Reason::kDeviceLost);
    }
    return absl::OkStatus();
  }

  std::atomic<Fault> fault_ = Fault::kNone;
  std::shared_ptr<const explain::Model> model_;
  Heard right_;
  std::optional<CanaryWatch> watch_;
};

class FaultyCanaryTest : public CanaryWatchTest, public ::testing::WithParamInterface<Fault> {};

TEST_P(FaultyCanaryTest, EndsReadinessUntilTheNextGoodOne) {
  fault_ = GetParam();

  EXPECT_TRUE(right_.Await(false, kInterval + absl::Seconds(2)));
  EXPECT_GE(model_->metrics->canary_failures->Value(), 1);

  fault_ = Fault::kNone;
  EXPECT_TRUE(right_.Await(true));
  EXPECT_EQ(right_.num_changes(), 2);
  watch_.reset();
  EXPECT_THAT(lines_.str(), HasSubstr("canary failed"));
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultyCanaryTest,
                         ::testing::Values(Fault::kWrongScore, Fault::kWrongPrediction, Fault::kNotFinite,
                                           Fault::kFailure));

TEST_F(CanaryWatchTest, GoodCanariesChangeNothingAndCountAsNobodysRequest) {
  const size_t before = engine_->num_rows_run();
  while (engine_->num_rows_run() < before + 5) absl::SleepFor(absl::Milliseconds(5));
  watch_.reset();

  EXPECT_EQ(right_.num_changes(), 0);
  EXPECT_GT(model_->metrics->canary_seconds->Value(), 0);
  EXPECT_EQ(model_->metrics->canary_failures->Value(), 0);
  EXPECT_EQ(model_->metrics->forward_passes->Value(), 0);
  EXPECT_THAT(lines_.str(), Not(HasSubstr("canary")));
}

TEST_F(CanaryWatchTest, ADeviceThatIsBusyIsNotAskedTwice) {
  engine_->HoldAt(FakeEngine::Stage::kBeforePrediction);
  engine_->AwaitHeld();
  const size_t asked = engine_->num_rows_run();

  absl::SleepFor(5 * kInterval);

  EXPECT_EQ(metrics_.queue_requests->Value(), 0);
  EXPECT_EQ(engine_->num_rows_run(), asked);
  EXPECT_EQ(right_.num_changes(), 0);
  engine_->Release();
}

TEST_F(CanaryWatchTest, AModelThatIsReplacedTakesItsFailureAlong) {
  fault_ = Fault::kWrongPrediction;
  ASSERT_TRUE(right_.Await(false));

  const auto better = Loader(FakeRead()).Load({.name = "m", .folder = ""}, {});
  ASSERT_THAT(better, testing::IsOk());
  ASSERT_THAT(registry_.Replace(better->model), testing::IsOk());

  EXPECT_TRUE(right_.Await(true));
}

TEST_F(CanaryWatchTest, AnEngineThatHasLostItsDeviceIsRemembered) {
  EXPECT_FALSE(scheduler_.device_lost());
  fault_ = Fault::kFailure;
  ASSERT_TRUE(right_.Await(false));

  fault_ = Fault::kNone;
  ASSERT_TRUE(right_.Await(true));
  EXPECT_TRUE(scheduler_.device_lost());
}

}  // namespace
}  // namespace limpid::lifecycle
