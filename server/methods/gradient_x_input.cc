#include "base/status_macros.h"
#include "explain/method.h"
#include "methods/lib/options.h"
#include "methods/lib/reduce.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

// sum_d x_d * dF/dx_d of each token, signed (Shrikumar et al. 2016).
class GradientXInput final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::GradientXInput& options) {
    ABSL_ASSIGN_OR_RETURN(const engine::AttachPoint attach_point, ReadAttachPoint(options.attach_point()));
    return std::make_unique<GradientXInput>(attach_point);
  }

  explicit GradientXInput(engine::AttachPoint attach_point) : attach_point_(attach_point) {}

  void Plan(const explain::MethodInput&, engine::Wanted* base) const override {
    base->gradient_at[static_cast<size_t>(attach_point_)] = true;
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput&, const engine::RowResult& base,
                                         std::span<const engine::RowResult>) override {
    explain::FoldStep step;
    step.scores.card.attach_point = attach_point_;
    step.scores.card.reduction = explain::Reduction::kSum;
    step.scores.card.is_signed = true;
    step.scores.scores = GradientXInputScores(base, attach_point_);
    return step;
  }

 private:
  const engine::AttachPoint attach_point_;
};

const Registration kRegistration(v1::Method::kGradientXInput, [](const v1::Method& method) {
  return GradientXInput::Create(method.gradient_x_input());
});

}  // namespace
}  // namespace limpid::methods
