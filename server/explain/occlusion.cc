#include "explain/leave_one_out.h"
#include "explain/methods.h"

namespace limpid::explain {
namespace {

// F(x) - F(x without a unit) (Zeiler & Fergus 2014).
class Occlusion final : public Method {
 public:
  explicit Occlusion(const OcclusionSpec& spec) : spec_(spec) {}

  std::string_view name() const override { return "occlusion"; }

  absl::Status Check(const MethodInput& input) const override { return MakePlan(input).Check("replacement"); }

  std::vector<engine::Row> Plan(const MethodInput&, engine::Wanted*) const override { return {}; }

  Forecast Expect(const MethodInput& input) const override { return MakePlan(input).Expect(); }

  absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                std::span<const engine::RowResult> rows) override {
    return MakePlan(input).Fold(input, base.prediction, rows);
  }

 private:
  LeaveOneOut MakePlan(const MethodInput& input) const { return {input, spec_.unit, spec_.replacement}; }

  const OcclusionSpec spec_;
};

}  // namespace

std::unique_ptr<Method> Make(const OcclusionSpec& spec) { return std::make_unique<Occlusion>(spec); }

}  // namespace limpid::explain
