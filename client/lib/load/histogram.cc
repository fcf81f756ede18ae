#include "lib/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace limpid::client {
namespace {

constexpr int kBits = 10;  // of a bucket's number within its doubling
constexpr uint64_t kPerDoubling = 1 << kBits;
constexpr double kZ95 = 1.959964;

size_t BucketOf(uint64_t value) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kBits - 1);
  return static_cast<size_t>(shift) * kPerDoubling + (value >> shift);
}

// The largest value of a bucket.
uint64_t EndOf(size_t bucket) {
  const size_t shift = bucket < 2 * kPerDoubling ? 0 : bucket / kPerDoubling - 1;
  return ((bucket - shift * kPerDoubling + 1) << shift) - 1;
}

}  // namespace

void Histogram::Record(absl::Duration time) {
  time = std::max(time, absl::ZeroDuration());
  const size_t bucket = BucketOf(static_cast<uint64_t>(std::llround(absl::ToDoubleMicroseconds(time))));
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  ++buckets_[bucket];
  ++count_;
  max_ = std::max(max_, time);
  sum_ += time;
}

absl::Duration Histogram::Mean() const {
  return count_ == 0 ? absl::ZeroDuration() : sum_ / static_cast<double>(count_);
}

absl::Duration Histogram::Quantile(double fraction) const {
  return AtRank(static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(count_))));
}

std::pair<absl::Duration, absl::Duration> Histogram::QuantileInterval(double fraction) const {
  const double n = static_cast<double>(count_);
  const double half = kZ95 * std::sqrt(n * fraction * (1 - fraction));
  return {AtRank(static_cast<uint64_t>(std::max(0.0, std::floor(n * fraction - half)))),
          AtRank(static_cast<uint64_t>(std::ceil(n * fraction + half)))};
}

absl::Duration Histogram::AtRank(uint64_t rank) const {
  if (count_ == 0) return absl::ZeroDuration();
  rank = std::clamp<uint64_t>(rank, 1, count_);
  size_t bucket = 0;
  for (uint64_t seen = buckets_[0]; seen < rank; seen += buckets_[bucket]) ++bucket;
  return std::min(absl::Microseconds(EndOf(bucket)), max_);
}

}  // namespace limpid::client
