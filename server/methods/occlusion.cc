#include <optional>

#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/removal.h"
#include "methods/lib/options.h"
#include "methods/lib/refinement.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

using explain::Granularity;

// What is taken out on each level, if the last is `unit`.
absl::StatusOr<std::vector<Granularity>> HierarchyDownTo(Granularity unit) {
  switch (unit) {
    case Granularity::kToken:
      return std::vector{Granularity::kSentence, Granularity::kWord, Granularity::kToken};
    case Granularity::kWord:
      return std::vector{Granularity::kSentence, Granularity::kWord};
    case Granularity::kSentence:
    case Granularity::kSpan:
      break;
  }
  return absl::InvalidArgumentError(
      "unit: must be TOKEN or WORD with hierarchical: the way down begins with sentences");
}

// F(x) - F(x without a unit) (Zeiler & Fergus 2014).
class Occlusion final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::Occlusion& options) {
    ABSL_ASSIGN_OR_RETURN(const Granularity unit, ReadGranularity(options.unit(), "unit"));
    ABSL_ASSIGN_OR_RETURN(const explain::Replacement replacement, ReadReplacement(options.replacement()));
    ABSL_ASSIGN_OR_RETURN(const float min_share, ReadNumber(options.min_share(), 0.25f, 1e-6f, 1, "min_share"));
    if (!options.hierarchical()) {
      if (options.min_share() != 0) return absl::InvalidArgumentError("min_share: only together with hierarchical");
      return std::make_unique<Occlusion>(std::vector{unit}, replacement, min_share);
    }
    ABSL_ASSIGN_OR_RETURN(std::vector<Granularity> levels, HierarchyDownTo(unit));
    return std::make_unique<Occlusion>(std::move(levels), replacement, min_share);
  }

  Occlusion(std::vector<Granularity> levels, explain::Replacement replacement, float min_share)
      : levels_(std::move(levels)), replacement_(replacement), min_share_(min_share) {}

  absl::Status Check(const explain::MethodInput& input) const override {
    return explain::Removal(replacement_, input).Check("replacement");
  }

  // At most: where all results are equal, all units matter.
  std::vector<explain::Forecast> Expect(const explain::MethodInput& input) const override {
    Refinement refinement = MakeRefinement(input);
    for (;;) {
      const std::vector<engine::RowResult> results(refinement.NextRows(input.base_row).size());
      if (results.empty()) return {{.rows = refinement.num_units()}};
      refinement.Take({}, results);
    }
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult> rows) override {
    if (!refinement_.has_value()) refinement_ = MakeRefinement(input);
    if (!rows.empty()) refinement_->Take(base.prediction, rows);
    explain::FoldStep step{.more_rows = refinement_->NextRows(explain::FrozenRow(input, base.prediction))};
    if (!step.more_rows.empty()) return step;
    step.scores.card.is_signed = true;
    step.scores.card.replacement = explain::Removal(replacement_, input).replacement();
    step.scores.card.units = refinement_->num_units();
    if (levels_.size() > 1) step.scores.card.form = "hierarchical";
    step.scores.scores = refinement_->Scores();
    return step;
  }

 private:
  Refinement MakeRefinement(const explain::MethodInput& input) const {
    std::vector<std::vector<explain::Unit>> levels;
    for (Granularity level : levels_) levels.push_back(explain::RemovableUnits(input, level));
    return {std::move(levels), explain::Removal(replacement_, input), input.num_tokens(), min_share_};
  }

  const std::vector<Granularity> levels_;
  const explain::Replacement replacement_;
  const float min_share_;
  std::optional<Refinement> refinement_;
};

const Registration kRegistration(v1::Method::kOcclusion,
                                 [](const v1::Method& method) { return Occlusion::Create(method.occlusion()); });

}  // namespace
}  // namespace limpid::methods
