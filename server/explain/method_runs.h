#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "explain/method.h"

namespace limpid::explain {

// The methods of one request on their way from plan to scores: Check, Plan, then Fold until it asks for no more rows.
// Failures name the method: "methods[2].saliency".
class MethodRuns {
 public:
  using OnScores = std::function<void(size_t method_index, TokenScores scores)>;

  explicit MethodRuns(std::vector<std::unique_ptr<Method>> methods);

  absl::Status Check(const MethodInput& input) const;

  // Adds to `base` what the methods read from the base row; returns the rows they need beside it.
  std::vector<engine::Row> Plan(const MethodInput& input, engine::Wanted* base);

  std::vector<Forecast> Expect(const MethodInput& input) const;

  // Takes the results of the rows asked for last, by Plan or by Fold, and returns the rows that are needed next; none
  // when every method has its scores. They go to `on_scores` in the order of the methods, each as early as it may, with
  // the card complete. INTERNAL if a score is not finite.
  absl::StatusOr<std::vector<engine::Row>> Fold(const MethodInput& input, const engine::RowResult& base,
                                                std::span<engine::RowResult> results, const OnScores& on_scores);

  // Methods whose scores were given to on_scores: the first so many.
  size_t num_sent() const { return num_sent_; }
  size_t size() const { return runs_.size(); }

 private:
  struct Run {
    std::unique_ptr<Method> method;
    std::string field;
    std::vector<engine::RowResult> rows;  // of all rows it asked for
    size_t num_pending = 0;               // of those asked for last
    bool is_done = false;
    TokenScores scores;  // from done to sent
  };

  absl::Status Send(const OnScores& on_scores);

  std::vector<Run> runs_;
  size_t num_sent_ = 0;
};

}  // namespace limpid::explain
