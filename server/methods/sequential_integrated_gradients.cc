#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/removal.h"
#include "methods/lib/leave_one_out.h"
#include "methods/lib/options.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

using explain::Replacement;

// Sequential integrated gradients (Enguehard 2023), exactly: only one token moves along its path, so that the integral
// is a difference of two forward passes.
class SequentialIntegratedGradients final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::SequentialIntegratedGradients& options) {
    ABSL_ASSIGN_OR_RETURN(const Replacement baseline, ReadReplacement(options.baseline(), "baseline"));
    if (baseline == Replacement::kDelete || baseline == Replacement::kAttention) {
      return absl::InvalidArgumentError(
          "baseline: must be MASK, PAD, UNKNOWN, ZERO or MEAN: there is no path to a token left out");
    }
    return std::make_unique<SequentialIntegratedGradients>(baseline == Replacement::kDefault ? Replacement::kMask
                                                                                             : baseline);
  }

  explicit SequentialIntegratedGradients(Replacement baseline) : baseline_(baseline) {}

  absl::Status Check(const explain::MethodInput& input) const override {
    return explain::Removal(baseline_, input).Check("baseline");
  }

  std::vector<explain::Forecast> Expect(const explain::MethodInput& input) const override {
    return {{.rows = static_cast<uint32_t>(MakePlan(input).units().size())}};
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult> rows) override {
    const LeaveOneOut plan = MakePlan(input);
    explain::FoldStep step;
    if (rows.size() < plan.units().size()) {
      step.more_rows = plan.Rows(explain::FrozenRow(input, base.prediction));
      return step;
    }
    step.scores.card.is_signed = true;
    step.scores.card.attach_point = engine::AttachPoint::kWordEmbedding;
    step.scores.card.reduction = explain::Reduction::kSum;
    step.scores.card.replacement = baseline_;
    step.scores.card.units = static_cast<uint32_t>(plan.units().size());
    step.scores.scores = SpreadOverTokens(plan.units(), plan.Losses(base.prediction, rows), input.num_tokens());
    return step;
  }

 private:
  LeaveOneOut MakePlan(const explain::MethodInput& input) const {
    return {explain::RemovableUnits(input, explain::Granularity::kToken), explain::Removal(baseline_, input),
            input.num_tokens()};
  }

  const Replacement baseline_;
};

const Registration kRegistration(v1::Method::kSequentialIntegratedGradients, [](const v1::Method& method) {
  return SequentialIntegratedGradients::Create(method.sequential_integrated_gradients());
});

}  // namespace
}  // namespace limpid::methods
