#include <cmath>

#include "explain/methods.h"
#include "explain/tensors.h"

namespace limpid::explain {
namespace {

double Reduce(Reduction reduction, std::span<const float> gradient) {
  if (reduction != Reduction::kL2) {
    const double sum = SumAbs(gradient);
    return reduction == Reduction::kL1 ? sum : sum / static_cast<double>(gradient.size());
  }
  double squares = 0;
  for (float g : gradient) squares += double{g} * g;
  return std::sqrt(squares);
}

// Size of dF/dx of each token (Simonyan et al. 2014).
class Saliency final : public Method {
 public:
  explicit Saliency(const SaliencySpec& spec) : spec_(spec) {
    if (spec_.reduction == Reduction::kDefault) spec_.reduction = Reduction::kL2;
  }

  std::string_view name() const override { return "saliency"; }

  absl::Status Check(const MethodInput&) const override {
    if (spec_.reduction != Reduction::kSum) return absl::OkStatus();
    return absl::InvalidArgumentError("reduction: must be L2, L1 or MEAN_ABS: a saliency has no sign");
  }

  std::vector<engine::Row> Plan(const MethodInput&, engine::Wanted* base) const override {
    base->gradient_at[static_cast<size_t>(spec_.attach_point)] = true;
    return {};
  }

  absl::StatusOr<FoldStep> Fold(const MethodInput& input, const engine::RowResult& base,
                                std::span<const engine::RowResult>) override {
    FoldStep step;
    step.scores.card.attach_point = spec_.attach_point;
    step.scores.card.reduction = spec_.reduction;
    const engine::HostTensor& gradient = base.gradients[static_cast<size_t>(spec_.attach_point)];
    for (size_t t = 0; t < input.encoding.tokens.size(); ++t) {
      step.scores.scores.push_back(static_cast<float>(Reduce(spec_.reduction, RowOf(gradient, t))));
    }
    return step;
  }

 private:
  SaliencySpec spec_;
};

}  // namespace

std::unique_ptr<Method> Make(const SaliencySpec& spec) { return std::make_unique<Saliency>(spec); }

}  // namespace limpid::explain
