#include "explain/ordered_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "support/recording_sink.h"
#include "support/status_matchers.h"

namespace limpid::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::RecordingSink;
using testing::StatusIs;

TEST(OrderedSink, TakesOnePredictionOfMany) {
  const auto recording = std::make_shared<RecordingSink>();
  OrderedSink sink(recording);
  std::atomic<int> num_made = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        sink.EmitPrediction([&] {
          ++num_made;
          return PredictionEvent();
        });
      });
    }
  }

  EXPECT_THAT(recording->names(), ElementsAre("prediction"));
  EXPECT_EQ(num_made, 1);
}

TEST(OrderedSink, PassesNothingOnAfterEnd) {
  const auto recording = std::make_shared<RecordingSink>();
  OrderedSink sink(recording);
  sink.End(absl::CancelledError("gone"));

  sink.EmitPrediction([] { return PredictionEvent(); });
  sink.Emit(SummaryEvent());
  sink.End(absl::OkStatus());

  EXPECT_THAT(recording->names(), IsEmpty());
  EXPECT_THAT(recording->AwaitEnd(), StatusIs(absl::StatusCode::kCancelled, "gone"));
}

TEST(OrderedSink, LetsTheSinkGoAtEnd) {
  auto recording = std::make_shared<RecordingSink>();
  const std::weak_ptr<RecordingSink> watched = recording;
  OrderedSink sink(std::move(recording));

  EXPECT_FALSE(watched.expired());
  sink.End(absl::OkStatus());

  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace limpid::explain
