#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "explain/method.h"
#include "methods/lib/edit_limits.h"

namespace limpid::methods {

// A method that searches for edits: EditSearch or Reduction, made at the first fold.
template <typename Search>
class SearchMethod final : public explain::Method {
 public:
  explicit SearchMethod(EditOptions options) : options_(std::move(options)) {}

  absl::Status Check(const explain::MethodInput& input) const override { return CheckSearch(options_.limits, input); }

  std::vector<explain::Forecast> Expect(const explain::MethodInput& input) const override {
    return Search::Expect(options_, input);
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult> rows) override {
    if (!search_.has_value()) search_.emplace(options_, input, base.prediction);
    explain::FoldStep step = {.more_rows = search_->Advance(input, rows)};
    if (step.more_rows.empty()) step.scores = search_->Result(input);
    return step;
  }

 private:
  const EditOptions options_;
  std::optional<Search> search_;
};

}  // namespace limpid::methods
