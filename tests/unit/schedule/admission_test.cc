#include "schedule/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "base/reason.h"
#include "support/status_matchers.h"

namespace limpid::schedule {
namespace {

using base::Reason;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

// A million operations a token, as FakeEngine says.
Demand Tokens(size_t tokens, uint64_t answer_bytes = 0) {
  return {.tokens = tokens, .flops = 1e6 * static_cast<double>(tokens), .answer_bytes = answer_bytes, .peak_bytes = 10};
}

class AdmissionTest : public ::testing::Test {
 protected:
  // 1000 tokens a second.
  AdmissionTest() { speed_.Record(1e9, absl::Seconds(1)); }

  Admission& Start(const AdmissionOptions& options) { return admission_.emplace(options, &speed_, &metrics_); }

  Speed speed_;
  telemetry::Metrics metrics_{"test"};
  std::optional<Admission> admission_;
};

TEST_F(AdmissionTest, RefusesWhatTheQueueHasNoRoomForAndSaysWhenToComeBack) {
  Admission& admission = Start({.max_queue_tokens = 1000, .max_queue_time = absl::Hours(1)});
  const auto first = admission.Admit({.client = "a"}, Tokens(900));
  ASSERT_THAT(first, IsOk());

  const absl::Status refused = admission.Admit({.client = "b"}, Tokens(300)).status();

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                "the queue is full: 900 tokens wait, this needs 300, the limit is 1000"));
  EXPECT_EQ(base::ReasonOf(refused), Reason::kOverloaded);
  // The 200 tokens too many take a fifth of a second.
  EXPECT_NEAR(absl::ToDoubleMilliseconds(*base::RetryAfterOf(refused)), 200, 2);
  EXPECT_EQ(metrics_.rejected.tokens->Value(), 1);
  EXPECT_THAT(admission.Admit({.client = "b"}, Tokens(100)), IsOk());
}

TEST_F(AdmissionTest, WhatIsComputedWaitsNoMore) {
  Admission& admission = Start({.max_queue_tokens = 1000, .max_queue_time = absl::Hours(1)});
  const auto first = admission.Admit({.client = "a"}, Tokens(900));
  ASSERT_FALSE(admission.Check({.client = "b"}, Tokens(300)).ok());

  (*first)->Computed(400, 4e8);

  EXPECT_THAT(admission.Check({.client = "b"}, Tokens(300)), IsOk());
  EXPECT_NEAR(absl::ToDoubleMilliseconds(admission.QueueTime(Priority::kInteractive)), 500, 1);
  (*first)->ComputedAll();
  EXPECT_EQ(admission.QueueTime(Priority::kInteractive), absl::ZeroDuration());
}

TEST_F(AdmissionTest, RefusesWhenTheWaitIsTooLong) {
  Admission& admission = Start({.max_queue_time = absl::Seconds(2)});
  const auto first = admission.Admit({.client = "a"}, Tokens(3000));

  const absl::Status refused = admission.Check({.client = "b"}, Tokens(1));

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("wait is 3000 ms, the limit is 2000")));
  EXPECT_EQ(base::ReasonOf(refused), Reason::kOverloaded);
  EXPECT_EQ(base::RetryAfterOf(refused), absl::Seconds(1));
}

TEST_F(AdmissionTest, InteractiveRequestsDoNotWaitForBulkOnes) {
  Admission& admission = Start({.max_queue_time = absl::Seconds(2)});
  const auto bulk = admission.Admit({.client = "a", .priority = Priority::kBulk}, Tokens(30000));

  EXPECT_THAT(admission.Check({.client = "b"}, Tokens(1)), IsOk());
  EXPECT_FALSE(admission.Check({.client = "b", .priority = Priority::kBulk}, Tokens(1)).ok());
}

TEST_F(AdmissionTest, AnEmptyQueueTakesAnythingThatCanRun) {
  Admission& admission = Start({.max_queue_tokens = 10, .max_answer_bytes = 10, .max_batch_bytes = 100});

  EXPECT_THAT(admission.Admit({.client = "a"}, Tokens(1000, 1000)), IsOk());
  const absl::Status refused =
      admission.Admit({.client = "a"}, {.tokens = 1, .flops = 1, .answer_bytes = 0, .peak_bytes = 101}).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("101 bytes")));
  EXPECT_EQ(base::ReasonOf(refused), Reason::kRequestTooLarge);
}

TEST_F(AdmissionTest, BoundsTheBytesOfAnswersUntilTheyHaveLeft) {
  Admission& admission = Start({.max_answer_bytes = 1000});
  auto first = admission.Admit({.client = "a"}, Tokens(1, 600));
  (*first)->ComputedAll();

  const absl::Status refused = admission.Admit({.client = "b"}, Tokens(1, 500)).status();

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("hold 600 bytes, this needs 500")));
  EXPECT_EQ(metrics_.rejected.memory->Value(), 1);
  EXPECT_THAT(admission.Check({.client = "b"}, Tokens(1, 400)), IsOk());
  EXPECT_THAT(admission.Check({.client = "b"}, Tokens(1, 0)), IsOk());
  first->reset();
  EXPECT_THAT(admission.Check({.client = "b"}, Tokens(1, 500)), IsOk());
  EXPECT_EQ(metrics_.answer_bytes->Value(), 0);
}

TEST_F(AdmissionTest, WhatAnAnswerNoLongerHoldsIsThereForOthers) {
  Admission& admission = Start({.max_answer_bytes = 1000});
  auto first = admission.Admit({.client = "a"}, Tokens(1, 600));

  (*first)->Release(200);

  EXPECT_THAT(admission.Check({.client = "b"}, Tokens(1, 600)), IsOk());
  EXPECT_FALSE(admission.Check({.client = "b"}, Tokens(1, 601)).ok());
  first->reset();
  EXPECT_EQ(metrics_.answer_bytes->Value(), 0);
}

TEST_F(AdmissionTest, RefusesWhatCannotBeDoneInTimeWithTheEstimate) {
  Admission& admission = Start({});
  const auto first = admission.Admit({.client = "a"}, Tokens(2000));
  const absl::Time deadline = absl::Now() + absl::Seconds(2.5);

  const absl::Status refused = admission.Admit({.client = "b", .deadline = deadline}, Tokens(1000)).status();

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("would take about 3000 ms")));
  EXPECT_EQ(base::ReasonOf(refused), Reason::kDeadlineUnmeetable);
  EXPECT_EQ(base::RetryAfterOf(refused), absl::ZeroDuration());
  EXPECT_EQ(base::DetailsOf(refused).front().value, "3000");
  EXPECT_THAT(admission.Check({.client = "b", .deadline = deadline}, Tokens(100)), IsOk());
}

TEST_F(AdmissionTest, ARevisedDemandIsHeldToTheSameLimits) {
  Admission& admission = Start({.max_answer_bytes = 1000, .max_batch_bytes = 100});
  const auto other = admission.Admit({.client = "a"}, Tokens(1, 500));
  const auto permit = admission.Admit({.client = "b"}, Tokens(1, 100));

  EXPECT_THAT((*permit)->Revise(Tokens(50, 500)), IsOk());
  EXPECT_THAT((*permit)->Revise(Tokens(50, 501)),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("hold 500")));
  EXPECT_FALSE((*permit)->Revise({.tokens = 1, .flops = 1, .answer_bytes = 0, .peak_bytes = 101}).ok());
  EXPECT_NEAR(absl::ToDoubleMilliseconds(admission.QueueTime(Priority::kInteractive)), 51, 1);
}

TEST_F(AdmissionTest, ClientsOwnLimitsComeBeforeTheGeneralOnes) {
  Admission& admission = Start({.client_limits = {.max_concurrent_requests = 1}});
  const auto first = admission.Admit({.client = "a"}, Tokens(1));

  EXPECT_EQ(base::ReasonOf(admission.Check({.client = "a"}, Tokens(1))), Reason::kClientLimit);
  EXPECT_THAT(admission.Check({.client = "a", .limits = {.max_concurrent_requests = 2}}, Tokens(1)), IsOk());
  EXPECT_THAT(admission.Check({.client = "b"}, Tokens(1)), IsOk());
}

// What was counted in is counted out, whatever the order of events.
TEST_F(AdmissionTest, NothingIsHeldOnceEveryPermitIsGone) {
  Admission& admission = Start({.max_queue_tokens = 5000, .max_answer_bytes = 100000});
  {
    std::vector<std::jthread> threads;
    for (size_t thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&admission, thread] {
        for (size_t i = 0; i < 2000; ++i) {
          const auto permit = admission.Admit({.client = std::string(1, static_cast<char>('a' + i % 7))},
                                              Tokens(1 + i % 300, i * 7 % 20000));
          if (!permit.ok()) continue;
          if (i % 2 == 0) static_cast<void>((*permit)->Revise(Tokens(1 + i % 500, thread * 100)));
          if (i % 4 == 0) (*permit)->Grow(i % 100, 1e6 * static_cast<double>(i % 100));
          if (i % 3 == 0) (*permit)->Computed(i % 400, 1e6 * static_cast<double>(i % 400));
          if (i % 5 == 0) (*permit)->ComputedAll();
        }
      });
    }
  }

  EXPECT_EQ(admission.QueueTime(Priority::kInteractive), absl::ZeroDuration());
  EXPECT_EQ(metrics_.answer_bytes->Value(), 0);
  EXPECT_THAT(admission.Check({.client = "a"}, Tokens(5000, 100000)), IsOk());
}

}  // namespace
}  // namespace limpid::schedule
