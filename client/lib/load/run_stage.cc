#include "lib/load/run_stage.h"

#include <sys/resource.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "lib/load/schedule.h"
#include "lib/sleep_until.h"

namespace limpid::client {
namespace {

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::ToDoubleSeconds(absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime));
}

struct Call {
  absl::Time due;
  const MixLine* line;
};

// Hands the calls of a stage out to its streams when they are due. One idle stream waits for the next call's time, and
// when that has come the stream that became idle last waits in its place: so a call is begun by a thread that ran not
// long ago, without another thread that would have to wake it. Thread-safe.
class Feed {
 public:
  Feed(const std::vector<MixLine>& mix, const Stage& stage, absl::Time start, const std::function<bool()>& is_over)
      : stage_(stage), start_(start), is_over_(is_over), order_(mix) {
    if (stage.rate > 0) schedule_.emplace(stage.arrivals, stage.rate, stage.seed);
  }

  // Nothing at the stage's end.
  std::optional<Call> Next() {
    std::unique_lock lock(mutex_);
    if (is_awaited_) {
      Idle self;
      idle_.push_back(&self);
      self.wake_up.wait(lock, [&] { return self.is_next; });
    }
    is_awaited_ = true;
    std::optional<Call> call = Draw();
    if (call.has_value()) {
      lock.unlock();
      const bool is_due = SleepUntil(call->due, is_over_);
      lock.lock();
      if (!is_due) call.reset();
    }
    is_awaited_ = !idle_.empty();
    if (is_awaited_) {
      idle_.back()->is_next = true;
      idle_.back()->wake_up.notify_one();
      idle_.pop_back();
    }
    return call;
  }

 private:
  struct Idle {
    std::condition_variable wake_up;
    bool is_next = false;
  };

  std::optional<Call> Draw() {
    const absl::Time due = schedule_.has_value() ? start_ + schedule_->Next() : absl::Now();
    const bool has_ended = stage_.calls > 0 ? num_calls_ == stage_.calls : due > start_ + stage_.duration;
    if (has_ended) return std::nullopt;
    ++num_calls_;
    return Call{due, &order_.Next()};
  }

  const Stage& stage_;
  const absl::Time start_;
  const std::function<bool()>& is_over_;
  std::mutex mutex_;
  std::vector<Idle*> idle_;
  bool is_awaited_ = false;  // a stream waits for the next call's time
  std::optional<Schedule> schedule_;
  MixOrder order_;
  size_t num_calls_ = 0;
};

absl::StatusOr<v1::Summary> Explain(const ExplainClient& client, const v1::ExplainRequest& request) {
  absl::StatusOr<Explanation> explanation = client.Explain(request);
  if (!explanation.ok()) return explanation.status();
  return std::move(explanation->summary);
}

absl::StatusOr<v1::Summary> Predict(const ExplainClient& client, const v1::ExplainRequest& request) {
  v1::PredictRequest input;
  input.set_model(request.model());
  *input.mutable_input() = request.input();
  absl::StatusOr<v1::PredictResponse> response = client.Predict(input);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_summary());
}

// Counts what came of the calls, for all streams. Thread-safe.
class Tally {
 public:
  explicit Tally(const Stage& stage) { result_.stage = stage; }

  void Add(const Connection& connection, const Call& call, absl::Time sent,
           const absl::StatusOr<v1::Summary>& summary) {
    const absl::Duration latency = absl::Now() - call.due;
    const std::lock_guard lock(mutex_);
    for (CallCounts* counts :
         {&result_.all, &result_.by_server[connection.server], &result_.by_label[call.line->label]}) {
      (summary.ok() ? counts->answered : counts->failed[summary.status().code()]).Record(latency);
    }
    if (result_.stage.rate > 0) result_.send_delays.Record(sent - call.due);
    if (!summary.ok()) {
      if (result_.first_failure.ok()) result_.first_failure = summary.status();
      return;
    }
    const v1::Timings& timings = summary->timings();
    result_.server_overheads.Record(absl::Milliseconds(timings.total_ms() - timings.compute_ms()));
    result_.tokens += summary->tokens();
    result_.attention_bytes += summary->attention_bytes();
  }

  StageResult Take() { return std::move(result_); }

 private:
  std::mutex mutex_;
  StageResult result_;
};

}  // namespace

StageResult RunStage(std::span<const Connection> connections, const std::vector<MixLine>& mix, const Stage& stage,
                     const std::function<bool()>& is_over) {
  const double cpu_before = CpuSeconds();
  const absl::Time start = absl::Now();
  Feed feed(mix, stage, start, is_over);
  Tally tally(stage);
  const auto make_calls = [&](const Connection& connection) {
    while (const std::optional<Call> call = feed.Next()) {
      const absl::Time sent = absl::Now();
      tally.Add(connection, *call, sent,
                call->line->predicts ? Predict(connection.client, call->line->request)
                                     : Explain(connection.client, call->line->request));
    }
  };
  {
    std::vector<std::jthread> streams;
    for (size_t i = 0; i < stage.streams; ++i)
      streams.emplace_back(make_calls, std::cref(connections[i % connections.size()]));
  }
  StageResult result = tally.Take();
  result.wall_time = absl::Now() - start;
  result.client_cpu_seconds = CpuSeconds() - cpu_before;
  return result;
}

}  // namespace limpid::client
