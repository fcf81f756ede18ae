#include "lib/load/slo.h"

#include <gtest/gtest.h>

#include <cmath>

namespace limpid::client {
namespace {

// 100 calls of 1 to 100 ms in 2 s; the slowest `failed` of them got no answer.
StageResult Result(int failed) {
  StageResult result;
  result.wall_time = absl::Seconds(2);
  for (int ms = 1; ms <= 100; ++ms) {
    Histogram& latencies =
        ms > 100 - failed ? result.all.failed[absl::StatusCode::kResourceExhausted] : result.all.answered;
    latencies.Record(absl::Milliseconds(ms));
  }
  return result;
}

SloOutcome Check(const std::string& text, int failed) {
  const absl::StatusOr<Slo> slo = ParseSlo(text);
  EXPECT_TRUE(slo.ok()) << slo.status();
  return CheckSlo(*slo, Result(failed));
}

TEST(Slo, HoldsOrNot) {
  for (const char* text : {"p50<51ms", "p50<=50.1ms", "p99.9<=0.11s", "max<=100ms", "errors<1%", "errors<=0%",
                           "rate>=50", "rate>49.9", "p99>1ms"}) {
    EXPECT_TRUE(Check(text, 0).holds) << text;
  }
  for (const char* text : {"p50<50ms", "p99<98ms", "max<100ms", "errors<0%", "rate>50", "rate>=51"}) {
    EXPECT_FALSE(Check(text, 0).holds) << text;
  }
}

TEST(Slo, SaysWhatWasMeasured) {
  EXPECT_NEAR(Check("p99<1s", 0).measured, 99, 0.1);
  EXPECT_EQ(Check("errors<1%", 4).measured, 4);
  EXPECT_EQ(Check("rate>1", 4).measured, 48);
}

TEST(Slo, ACallThatFailedWasNeverAnswered) {
  EXPECT_TRUE(Check("p99<1s", 1).holds);
  EXPECT_FALSE(Check("p99<1h", 2).holds);
  EXPECT_TRUE(std::isinf(Check("p99<1h", 2).measured));
}

TEST(Slo, WithoutACallNothingHolds) {
  for (const char* text : {"p99<1s", "errors<1%", "max<1s"}) EXPECT_FALSE(CheckSlo(*ParseSlo(text), {}).holds) << text;
}

TEST(Slo, WhatIsNoneIsRefused) {
  for (const char* text : {"", "p99", "p99<", "p99<250", "p0<1ms", "p101<1ms", "p99<-1ms", "errors<1", "rate>",
                           "rate>x", "mean<1ms", "p99=1ms", "<1ms"}) {
    EXPECT_FALSE(ParseSlo(text).ok()) << text;
  }
}

}  // namespace
}  // namespace limpid::client
