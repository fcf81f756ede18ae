#include "explain/leave_one_out.h"
#include "explain/methods.h"

namespace limpid::explain {
namespace {

// Sequential integrated gradients (Enguehard 2023), exactly: only one token moves along its path, so that the integral
// is a difference of two forward passes.
class SequentialIntegratedGradients final : public Method {
 public:
  explicit SequentialIntegratedGradients(const SequentialIntegratedGradientsSpec& spec) : spec_(spec) {
    if (spec_.baseline == Replacement::kDefault) spec_.baseline = Replacement::kMask;
  }

  std::string_view name() const override { return "sequential_integrated_gradients"; }

  absl::Status Check(const MethodInput& input) const override {
    if (spec_.baseline == Replacement::kDelete) {
      return absl::InvalidArgumentError("baseline: must be MASK, PAD or UNKNOWN: there is no path to a token left out");
    }
    return MakePlan(input).Check("baseline");
  }

  std::vector<engine::Row> Plan(const MethodInput&, engine::Wanted*) const override { return {}; }

  Forecast Expect(const MethodInput& input) const override { return MakePlan(input).Expect(); }

  absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                std::span<const engine::RowResult> rows) override {
    FoldStep step = MakePlan(input).Fold(input, base.prediction, rows);
    step.scores.card.attach_point = engine::AttachPoint::kWordEmbedding;
    step.scores.card.reduction = Reduction::kSum;
    return step;
  }

 private:
  LeaveOneOut MakePlan(const MethodInput& input) const { return {input, Granularity::kToken, spec_.baseline}; }

  SequentialIntegratedGradientsSpec spec_;
};

}  // namespace

std::unique_ptr<Method> Make(const SequentialIntegratedGradientsSpec& spec) {
  return std::make_unique<SequentialIntegratedGradients>(spec);
}

}  // namespace limpid::explain
