#include "lib/batch/patience.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "absl/time/clock.h"
#include "lib/sleep_until.h"

namespace limpid::client {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100), kLongestBackoff = absl::Seconds(5);
constexpr int kAttempts = 3;

bool MayBeBadLuck(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

double Jitter() {
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_real_distribution<double>()(random);
}

}  // namespace

bool IsServersState(const absl::Status& status) {
  return absl::IsUnavailable(status) || RetryPushback(status).has_value();
}

bool ConcernsAllTexts(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return IsServersState(status);
  }
}

std::optional<absl::Duration> WaitBefore(const absl::Status& failure, int num_made, absl::Duration tried,
                                         absl::Duration patience, double jitter) {
  absl::Duration wait = std::min(kLongestBackoff, kFirstBackoff * std::exp2(std::min(num_made - 1, 10)));
  wait *= 0.5 + jitter / 2;
  if (!IsServersState(failure)) {
    return MayBeBadLuck(failure) && num_made < kAttempts ? std::optional(wait) : std::nullopt;
  }
  wait = std::max(wait, RetryPushback(failure).value_or(absl::ZeroDuration()));
  return tried + wait <= patience ? std::optional(wait) : std::nullopt;
}

Patience::Patience(absl::Duration patience, IsOver is_over, OnWait on_wait)
    : patience_(patience), is_over_(std::move(is_over)), on_wait_(std::move(on_wait)) {}

bool Patience::Wait(const absl::Status& failure, int num_made, absl::Duration tried) const {
  const std::optional<absl::Duration> wait = WaitBefore(failure, num_made, tried, patience_, Jitter());
  if (!wait.has_value()) return false;
  if (IsServersState(failure)) on_wait_(failure);
  return SleepUntil(absl::Now() + *wait, is_over_);
}

}  // namespace limpid::client
