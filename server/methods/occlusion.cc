#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/removal.h"
#include "methods/lib/leave_one_out.h"
#include "methods/lib/options.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// F(x) - F(x without a unit) (Zeiler & Fergus 2014).
class Occlusion final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::Occlusion& options) {
    ABSL_ASSIGN_OR_RETURN(const explain::Granularity unit, ReadGranularity(options.unit(), "unit"));
    ABSL_ASSIGN_OR_RETURN(const explain::Replacement replacement, ReadReplacement(options.replacement()));
    return std::make_unique<Occlusion>(unit, replacement);
  }

  Occlusion(explain::Granularity unit, explain::Replacement replacement) : unit_(unit), replacement_(replacement) {}

  absl::Status Check(const explain::MethodInput& input) const override {
    return explain::Removal(replacement_, input).Check("replacement");
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
    step.scores.card.replacement = explain::Removal(replacement_, input).replacement();
    step.scores.card.units = static_cast<uint32_t>(plan.units().size());
    step.scores.scores = SpreadOverTokens(plan.units(), plan.Losses(base.prediction, rows), input.num_tokens());
    return step;
  }

 private:
  LeaveOneOut MakePlan(const explain::MethodInput& input) const {
    return {explain::RemovableUnits(input, unit_), explain::Removal(replacement_, input), input.num_tokens()};
  }

  const explain::Granularity unit_;
  const explain::Replacement replacement_;
};

const Registration kRegistration(v1::Method::kOcclusion,
                                 [](const v1::Method& method) { return Occlusion::Create(method.occlusion()); });

}  // namespace
}  // namespace limpid::methods
