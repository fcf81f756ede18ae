#include "base/status_macros.h"
#include "explain/method.h"
#include "explain/tensors.h"
#include "methods/lib/options.h"
#include "methods/lib/reduce.h"
#include "methods/registry.h"

namespace limpid::methods {
namespace {

using engine::AttachPoint;
using explain::Reduction;

// Size of dF/dx of each token (Simonyan et al. 2014).
class Saliency final : public explain::Method {
 public:
  static absl::StatusOr<std::unique_ptr<Method>> Create(const v1::Saliency& options) {
    ABSL_ASSIGN_OR_RETURN(const AttachPoint attach_point, ReadAttachPoint(options.attach_point()));
    ABSL_ASSIGN_OR_RETURN(const Reduction reduction, ReadReduction(options.reduction()));
    if (reduction == Reduction::kSum) {
      return absl::InvalidArgumentError("reduction: must be L2, L1 or MEAN_ABS: a saliency has no sign");
    }
    return std::make_unique<Saliency>(attach_point, reduction == Reduction::kDefault ? Reduction::kL2 : reduction);
  }

  Saliency(AttachPoint attach_point, Reduction reduction) : attach_point_(attach_point), reduction_(reduction) {}

  void Plan(const explain::MethodInput&, engine::Wanted* base) const override {
    base->gradient_at[static_cast<size_t>(attach_point_)] = true;
  }

  absl::StatusOr<explain::FoldStep> Fold(const explain::MethodInput& input, const engine::RowResult& base,
                                         std::span<const engine::RowResult>) override {
    explain::FoldStep step;
    step.scores.card.attach_point = attach_point_;
    step.scores.card.reduction = reduction_;
    const engine::HostTensor& gradient = base.gradients[static_cast<size_t>(attach_point_)];
    for (size_t t = 0; t < input.num_tokens(); ++t) {
      step.scores.scores.push_back(static_cast<float>(Reduce(reduction_, explain::RowOf(gradient, t))));
    }
    return step;
  }

 private:
  const AttachPoint attach_point_;
  const Reduction reduction_;
};

const Registration kRegistration(v1::Method::kSaliency,
                                 [](const v1::Method& method) { return Saliency::Create(method.saliency()); });

}  // namespace
}  // namespace limpid::methods
