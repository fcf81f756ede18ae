#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "explain/event.h"
#include "explain/measurement.h"
#include "explain/method.h"
#include "explain/request.h"
#include "explain/shared_rows.h"

namespace limpid::explain {

// The methods of one request on their way from plan to scores, and from scores to what those are worth: Check, Plan,
// then Fold until it asks for no more rows. Failures name the method: "methods[2].saliency".
class MethodRuns {
 public:
  struct Receiver {
    std::function<void(size_t method_index, TokenScores scores, bool is_refining)> on_scores;
    std::function<void(QualityEvent event)> on_quality;
  };

  MethodRuns(const std::vector<MethodSpec>& methods, const std::optional<QualitySpec>& quality);

  absl::Status Check(const MethodInput& input) const;

  // Adds to `base` what the methods read from the base row.
  void Plan(const MethodInput& input, engine::Wanted* base) const;

  std::vector<Forecast> Expect(const MethodInput& input) const;

  // Takes the results of the rows that it asked for last, and returns the rows that are needed next; none when all is
  // done. Scores go to the receiver in the order of the methods, each as early as it may, with the card complete; so do
  // reports, each after its method's scores. INTERNAL if a number is not finite.
  absl::StatusOr<std::vector<engine::Row>> Fold(const MethodInput& input, const engine::RowResult& base,
                                                std::span<engine::RowResult> results, const Receiver& receiver);

  // Methods whose scores were given away: the first so many; and whose reports were, of those that get one.
  size_t num_sent() const { return num_sent_; }
  size_t num_measured() const { return num_measured_; }
  size_t size() const { return runs_.size(); }
  bool is_measured() const { return is_measured_; }

 private:
  struct Run {
    std::unique_ptr<Method> method;
    std::unique_ptr<Measurement> measurement;  // null: none, or not for these scores
    std::string name, field;
    std::vector<size_t> pending;  // rows asked for last
    uint32_t num_rows = 0;
    enum class Stage { kScoring, kMeasuring, kDone } stage = Stage::kScoring;
    TokenScores scores;
    QualityEvent report;
  };

  absl::Status Advance(const MethodInput& input, const engine::RowResult& base, size_t index, const Receiver& receiver);
  absl::Status Score(const MethodInput& input, const engine::RowResult& base, size_t index,
                     std::span<const engine::RowResult> rows, const Receiver& receiver);
  absl::Status Measure(const MethodInput& input, const engine::RowResult& base, size_t index,
                       std::span<const engine::RowResult> rows);
  void Ask(std::vector<engine::Row> rows, Run* run);
  absl::Status Send(size_t index, const Receiver& receiver, bool is_refining, TokenScores scores) const;
  absl::Status SendWhatIsDone(const Receiver& receiver);

  std::vector<Run> runs_;
  SharedRows rows_;
  const bool is_measured_;
  size_t num_sent_ = 0;
  size_t num_measured_ = 0;
};

}  // namespace limpid::explain
