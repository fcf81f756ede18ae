#include "explain/leave_one_out.h"
#include "explain/methods.h"

namespace limpid::explain {
namespace {

// F(x) - F(x without a unit) (Zeiler & Fergus 2014).
class Occlusion final : public Method {
 public:
  explicit Occlusion(const OcclusionSpec& spec) : spec_(spec) {}

  std::string_view name() const override { return "occlusion"; }

  absl::Status Check(const MethodInput& input) const override { return Plan(input).Check("replacement"); }

  std::vector<engine::Row> Plan(const MethodInput&, engine::Wanted*) const override { return {}; }

  Forecast Expect(const MethodInput& input) const override {
    return {.rows = static_cast<uint32_t>(Plan(input).num_rows())};
  }

  absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                std::span<const engine::RowResult> rows) override {
    const LeaveOneOut plan = Plan(input);
    FoldStep step;
    if (rows.size() < plan.num_rows()) {
      step.more_rows = plan.Rows(input, base.prediction);
      return step;
    }
    step.scores.card.is_signed = true;
    step.scores.card.replacement = plan.replacement();
    step.scores.card.units = static_cast<uint32_t>(plan.units().size());
    step.scores.scores = plan.Scores(input, base.prediction, rows);
    return step;
  }

 private:
  LeaveOneOut Plan(const MethodInput& input) const { return {input, spec_.unit, spec_.replacement}; }

  const OcclusionSpec spec_;
};

}  // namespace

std::unique_ptr<Method> Make(const OcclusionSpec& spec) { return std::make_unique<Occlusion>(spec); }

}  // namespace limpid::explain
